import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestDatabase } from './database.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';

const PROGRAM = '/usr/sbin/pgbouncer';

export interface PgBouncer {
  /** The same database as the app's role, through the pooler. */
  url: string;
  /** kill -9: every connection through it breaks, and nobody listens. */
  crash(): Promise<void>;
  /** On the same port, as after a crash. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Null where Debian's package is installed; else the reason to skip a test that needs it. */
export const withoutPgBouncer = existsSync(PROGRAM) ? null : `${PROGRAM} is missing: apt-get install pgbouncer`;

/** PgBouncer in transaction mode before this database, with the settings of docs/operations/database.md. */
export async function startPgBouncer(database: TestDatabase, serverConnections: number): Promise<PgBouncer> {
  const { hostname, port: serverPort, username, password } = new URL(database.url);
  const folder = mkdtempSync(join(tmpdir(), `fairshare-test-${process.pid}-`));
  const port = await freePort();
  const users = join(folder, 'users.txt');
  const settings = join(folder, 'pgbouncer.ini');
  writeFileSync(users, `"${username}" "${decodeURIComponent(password)}"\n`);
  writeFileSync(
    settings,
    `[databases]
* = host=${hostname} port=${serverPort}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
max_client_conn = 500
default_pool_size = ${serverConnections}
idle_transaction_timeout = 30
`,
  );
  // It runs as another user where we are root, which it refuses to be.
  for (const path of [folder, users, settings]) chmodSync(path, 0o755);
  const url = new URL(database.url);
  url.port = String(port);
  let running = await run(settings, url.href);
  return {
    url: url.href,
    crash: () => running.end('SIGKILL'),
    start: async () => void (running = await run(settings, url.href)),
    close: async () => {
      await running.end('SIGINT');
      rmSync(folder, { recursive: true });
    },
  };
}

/** Resolves once a connection through it works. */
async function run(settings: string, url: string): Promise<{ end(signal: NodeJS.Signals): Promise<void> }> {
  const child = spawn(PROGRAM, [...(process.getuid?.() === 0 ? ['-u', 'postgres'] : []), settings], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`PgBouncer ended with ${child.exitCode}: ${log}`);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.end();
  });
  return {
    end: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}
