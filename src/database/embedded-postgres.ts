import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type pg from 'pg';
import { makeDataDir, openCluster, type Cluster } from './embedded-postgres-cluster.js';
import {
  connectAsAdmin,
  findRunningServer,
  isServerAlive,
  startServer,
  stopServer,
  type RunningServer,
} from './embedded-postgres-server.js';
import { withFolderLock } from './folder-lock.js';
import { currentProcess, isAlive, type ProcessIdentity } from './process-identity.js';

/** Owns the tables and runs the migrations. */
export const OWNER_ROLE = 'fairshare_owner';
/** What the application connects as; owns no table. */
export const APP_ROLE = 'fairshare_app';

const LOCK_TIMEOUT_MS = 180_000;
const SUPERVISION_INTERVAL_MS = 500;

export interface EmbeddedDatabase {
  ownerUrl: string;
  appUrl: string;
  port: number;
  /** Lets go of the server, and stops it when nobody else uses it. Calling it again does nothing. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Holds everything; made when missing. */
  dataDir: string;
  log: (message: string) => void;
  database?: string;
  /** Further server settings, for tests: a throw-away database needs no fsync. */
  settings?: Record<string, string>;
  /** Whether to start the server again when it dies; true unless a test kills it for good. */
  isSupervised?: boolean;
}

/**
 * Starts the PostgreSQL that comes with the npm packages, or joins the one that
 * already runs on this folder. Every user of the server leaves a file with its
 * process in `users/`; the last living one to stop also stops the server. A
 * server whose users were all killed is adopted by the next start, one that is
 * killed itself is started again on the same port. The data, the port and the
 * generated passwords stay the same over restarts.
 *
 * @throws Error with a sentence about what to do when the server cannot run.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedDatabase> {
  if (process.platform === 'win32') {
    throw new Error(
      'The embedded PostgreSQL runs on Linux and macOS. Set DATABASE_URL to a PostgreSQL server instead.',
    );
  }
  const dataDir = resolve(options.dataDir);
  const database = options.database ?? 'fairshare';
  makeDataDir(dataDir);
  return withFolderLock(dataDir, LOCK_TIMEOUT_MS, async () => {
    const cluster = openCluster(dataDir, options.log);
    const server = await joinOrStart(cluster, dataDir, options);
    await prepareDatabase(cluster, server, database);
    const membership = register(join(dataDir, 'users'));
    const stopSupervising =
      options.isSupervised === false ? () => undefined : supervise(cluster, server, dataDir, options);
    const url = (role: string, password: string): string =>
      `postgresql://${role}:${password}@127.0.0.1:${server.port}/${database}`;
    return {
      ownerUrl: url(OWNER_ROLE, cluster.credentials.ownerPassword),
      appUrl: url(APP_ROLE, cluster.credentials.appPassword),
      port: server.port,
      stop: once(() => {
        stopSupervising();
        return withFolderLock(dataDir, LOCK_TIMEOUT_MS, () => leave(cluster, membership));
      }),
    };
  });
}

async function joinOrStart(
  cluster: Cluster,
  dataDir: string,
  options: EmbeddedPostgresOptions,
  keepPort = false,
): Promise<RunningServer> {
  const running = await findRunningServer(cluster);
  if (running) {
    return running;
  }
  const places = { logFile: join(dataDir, 'postgres.log'), portFile: join(dataDir, 'port') };
  return startServer({ cluster, ...places, settings: options.settings, keepPort });
}

/**
 * Looks after the server until the returned function is called. It comes back on
 * the same port, because pools of connections know it by that, and recovers
 * from its log what was committed.
 */
function supervise(
  cluster: Cluster,
  first: RunningServer,
  dataDir: string,
  options: EmbeddedPostgresOptions,
): () => void {
  let server = first;
  let isBusy = false;
  let isStopped = false;
  const restart = async (): Promise<void> => {
    isBusy = true;
    try {
      await withFolderLock(dataDir, LOCK_TIMEOUT_MS, async () => {
        if (!isStopped) {
          options.log('The embedded database has died; starting it again.');
          server = await joinOrStart(cluster, dataDir, options, true);
        }
      });
    } catch (error) {
      options.log(`The embedded database could not be started again: ${(error as Error).message}`);
    } finally {
      isBusy = false;
    }
  };
  const timer = setInterval(() => {
    if (!isBusy && !isServerAlive(server)) {
      void restart();
    }
  }, SUPERVISION_INTERVAL_MS);
  timer.unref();
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}

async function leave(cluster: Cluster, membership: string): Promise<void> {
  rmSync(membership, { force: true });
  if (countUsers(dirname(membership)) > 0) {
    return;
  }
  const server = await findRunningServer(cluster);
  if (server) {
    await stopServer(server);
  }
}

/** Makes the roles and the database where they are missing. */
async function prepareDatabase(cluster: Cluster, server: RunningServer, database: string): Promise<void> {
  const client = await connectAsAdmin(cluster, server.port);
  try {
    // Owners may create databases: Prisma's shadow database and the tests' clones need it.
    await createRole(client, OWNER_ROLE, cluster.credentials.ownerPassword, 'CREATEDB');
    await createRole(client, APP_ROLE, cluster.credentials.appPassword, '');
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (found.rowCount === 0) {
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)} OWNER ${OWNER_ROLE}`);
    }
  } finally {
    await client.end();
  }
}

async function createRole(client: pg.Client, role: string, password: string, attributes: string): Promise<void> {
  const found = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  if (found.rowCount === 0) {
    await client.query(`CREATE ROLE ${role} LOGIN ${attributes} PASSWORD ${client.escapeLiteral(password)}`);
  }
}

let registrations = 0;

function register(usersDir: string): string {
  mkdirSync(usersDir, { recursive: true });
  const file = join(usersDir, `${process.pid}-${(registrations += 1)}`);
  writeFileSync(file, JSON.stringify(currentProcess()));
  return file;
}

/** Counts the living users and forgets those that were killed. */
function countUsers(usersDir: string): number {
  let count = 0;
  for (const name of readdirSync(usersDir)) {
    const file = join(usersDir, name);
    const user = readUser(file);
    if (user && isAlive(user)) {
      count += 1;
    } else {
      rmSync(file, { force: true });
    }
  }
  return count;
}

/** Null for a file whose writer was killed halfway: files are only written and read under the lock. */
function readUser(file: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch {
    return null;
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => (result ??= work());
}
