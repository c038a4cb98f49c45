import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { ADMIN_ROLE, type Cluster } from './embedded-postgres-cluster.js';
import { programOf, isPidInUse } from './process-identity.js';

const POLL_MS = 20;
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 60_000;
const LOG_BYTES_MAX = 10 * 1024 * 1024;

export interface RunningServer {
  pid: number;
  port: number;
}

/** Where the server of a cluster is told to listen and to write its log. */
export interface ServerOptions {
  cluster: Cluster;
  logFile: string;
  /** Remembers the port between starts. */
  portFile: string;
  /** Further `-c` settings, for tests. */
  settings?: Record<string, string>;
  /** Insist on the remembered port, since connections to it exist already. */
  keepPort?: boolean;
}

/**
 * The server that runs on this cluster already, whoever started it, or null.
 * Waits while it is starting up or recovering.
 *
 * @throws Error when a PostgreSQL process holds the cluster but does not answer.
 */
export async function findRunningServer(cluster: Cluster): Promise<RunningServer | null> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const found = readPidFile(cluster);
    if (!found || !isPidInUse(found.pid) || !looksLikePostgres(found.pid)) {
      return null;
    }
    if (found.port !== undefined && (await answers(cluster, found.port))) {
      return { pid: found.pid, port: found.port };
    }
    if (performance.now() > deadline) {
      throw new Error(
        `PostgreSQL (process ${found.pid}) holds ${cluster.dir} but does not answer. End it and start again.`,
      );
    }
    await delay(POLL_MS);
  }
}

/**
 * Starts the server as a process group of its own, so that Ctrl-C in a terminal
 * reaches only us and the database outlives our graceful shutdown. Fsync and
 * synchronous commit stay on: what was committed survives `kill -9` and power loss.
 *
 * @throws Error with the server's own last words when it does not come up.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  let port = readRememberedPort(options.portFile);
  for (;;) {
    if (!options.keepPort && (port === undefined || !(await isFree(port)))) {
      port = await pickFreePort();
    }
    if (port === undefined) {
      throw new Error(`The port of the embedded database is not known: ${options.portFile} is missing.`);
    }
    const failure = await tryStart(options, port, deadline);
    if (typeof failure !== 'string') {
      writeFileSync(options.portFile, String(port));
      return failure;
    }
    const isPortTaken = /could not (bind|create any TCP\/IP sockets)/.test(failure);
    // Server processes that outlived a killed postmaster go away as soon as they notice.
    const isLeftover = /pre-existing shared memory block/.test(failure);
    if (!(isPortTaken || isLeftover) || performance.now() > deadline) {
      throw new Error(`The embedded database did not start. Its log ${options.logFile} ends with: ${failure}`);
    }
    port = isPortTaken && !options.keepPort ? undefined : port;
    await delay(POLL_MS);
  }
}

/** Stops a server in an orderly way: open transactions are rolled back, then a checkpoint is written. */
export async function stopServer(server: RunningServer): Promise<void> {
  const deadline = performance.now() + STOP_TIMEOUT_MS;
  if (!sendSignal(server.pid, 'SIGINT')) {
    return;
  }
  while (isPidInUse(server.pid)) {
    if (performance.now() > deadline) {
      // An immediate shutdown loses nothing either; the next start replays the log.
      sendSignal(server.pid, 'SIGQUIT');
      return;
    }
    await delay(POLL_MS);
  }
}

/** Whether the server's main process is there. */
export function isServerAlive(server: RunningServer): boolean {
  return isPidInUse(server.pid);
}

/** Opens a connection as the cluster's administrator. The caller ends it. */
export async function connectAsAdmin(cluster: Cluster, port: number, database = 'postgres'): Promise<pg.Client> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: ADMIN_ROLE,
    password: cluster.credentials.adminPassword,
    database,
  });
  // A server that is killed while this connection is open must not end our process.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function tryStart(options: ServerOptions, port: number, deadline: number): Promise<RunningServer | string> {
  const { cluster, logFile } = options;
  disarmStalePidFile(cluster);
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    ...options.settings,
  };
  const log = openSync(logFile, isLarge(logFile) ? 'w' : 'a');
  const logStart = statSync(logFile).size;
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(cluster.binaries.postgres, ['-D', cluster.dir, '-p', String(port), ...flags], {
    ...cluster.user,
    cwd: '/',
    env: { LC_ALL: 'C' },
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let end: string | undefined;
  child.on('error', (error) => (end = error.message));
  child.on('exit', (code, signal) => (end ??= `exit ${code ?? signal}`));
  child.unref();
  while (end === undefined) {
    if (child.pid !== undefined && readPidFile(cluster)?.pid === child.pid && (await answers(cluster, port))) {
      return { pid: child.pid, port };
    }
    if (performance.now() > deadline && child.pid !== undefined) {
      sendSignal(child.pid, 'SIGQUIT');
      return `no answer within ${START_TIMEOUT_MS / 1000} s`;
    }
    await delay(POLL_MS);
  }
  const words = readFileSync(logFile, 'utf8').slice(logStart).trim().split('\n').slice(-6).join('\n');
  return words || end;
}

/**
 * PostgreSQL refuses to start when the number in its pid file belongs to any
 * process of the same user, which after a crash may be a stranger under a reused
 * number or a zombie. The number is replaced by our own, which the server takes
 * for stale because we are its parent; the rest of the file must stay, since by
 * it the server finds processes of its predecessor that still run.
 */
function disarmStalePidFile(cluster: Cluster): void {
  const file = join(cluster.dir, 'postmaster.pid');
  const found = readPidFile(cluster);
  if (!found) {
    // A crash may have left it empty, which the server would take for one being written.
    rmSync(file, { force: true });
    return;
  }
  const [, ...rest] = readFileSync(file, 'utf8').split('\n');
  writeFileSync(file, [String(process.pid), ...rest].join('\n'));
}

function readPidFile(cluster: Cluster): { pid: number; port: number | undefined } | null {
  try {
    const [pid, , , port] = readFileSync(join(cluster.dir, 'postmaster.pid'), 'utf8').split('\n');
    return Number(pid) > 0 ? { pid: Number(pid), port: Number(port) || undefined } : null;
  } catch {
    return null;
  }
}

function looksLikePostgres(pid: number): boolean {
  return ['postgres', ''].includes(programOf(pid));
}

/** Whether the server behind this port is the one of this cluster, and ready. */
async function answers(cluster: Cluster, port: number): Promise<boolean> {
  let client: pg.Client | undefined;
  try {
    client = await connectAsAdmin(cluster, port);
    const { rows } = await client.query<{ dir: string }>(`SELECT current_setting('data_directory') AS dir`);
    return rows[0] !== undefined && realpathSync(rows[0].dir) === cluster.dir;
  } catch {
    // Not listening yet, still recovering, or somebody else's server.
    return false;
  } finally {
    await client?.end();
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

function readRememberedPort(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isLarge(file: string): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES_MAX;
}

function isFree(port: number): Promise<boolean> {
  return listenOnce(port).then(
    () => true,
    () => false,
  );
}

function pickFreePort(): Promise<number> {
  return listenOnce(0);
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}
