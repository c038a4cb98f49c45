import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPidInUse } from '../../src/database/process-identity.js';
import {
  copyTestDatabase,
  createTestDatabase,
  prepareOwnServer,
  startOwnServer,
  type TestDatabase,
} from './database.js';
import { eventually } from './eventually.js';

/** A PostgreSQL that a test may crash without taking the databases of other tests with it. */
export interface CrashableServer {
  /** A database with the newest schema, as createTestDatabase makes it. */
  createDatabase(): Promise<TestDatabase>;
  /** As copyTestDatabase makes it. */
  copyDatabase(original: TestDatabase): Promise<TestDatabase>;
  /** What PostgreSQL calls a fast shutdown: every client is told and sent away, everything is written. */
  stop(): Promise<void>;
  /** What PostgreSQL calls an immediate shutdown: nothing is written any more, every connection breaks. */
  crash(): Promise<void>;
  /** On the same port; recovers from the log after a crash. */
  start(): Promise<void>;
  /** Stops it and deletes all its data. */
  close(): Promise<void>;
}

export async function startCrashableServer(): Promise<CrashableServer> {
  // By this name the teardown of a later run removes what an interrupted one has left.
  const folder = mkdtempSync(join(tmpdir(), `fairshare-test-${process.pid}-`));
  chmodSync(folder, 0o755);
  const server = await prepareOwnServer(folder);
  const end = async (signal: 'SIGINT' | 'SIGQUIT'): Promise<void> => {
    const pid = mainProcessOf(folder);
    if (pid === null) return;
    process.kill(pid, signal);
    await eventually(async () => expect(isPidInUse(pid)).toBe(false));
  };
  return {
    createDatabase: () => createTestDatabase(server),
    copyDatabase: (original) => copyTestDatabase(server, original),
    stop: () => end('SIGINT'),
    crash: () => end('SIGQUIT'),
    start: async () => {
      // Connections know the server by its port, so another one would be another server.
      expect((await startOwnServer(folder)).adminUrl).toBe(server.adminUrl);
    },
    close: async () => {
      await end('SIGQUIT');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function mainProcessOf(folder: string): number | null {
  const file = join(folder, 'postgres', 'cluster', 'postmaster.pid');
  const pid = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : 0;
  // A server that was started again may have left our own number there, see disarmStalePidFile.
  return pid > 0 && pid !== process.pid && isPidInUse(pid) ? pid : null;
}
