import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { APP_ROLE, OWNER_ROLE, startEmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { makeDataDir } from '../../src/database/embedded-postgres-cluster.js';
import { withFolderLock } from '../../src/database/folder-lock.js';
import { applyMigrations } from '../../src/database/migrations.js';
import { freePort } from './free-port.js';

const BUSY_MS_MAX = 30_000;
const OBJECT_IN_USE = '55006';
const INSUFFICIENT_PRIVILEGE = '42501';

/** How to reach the server; written to the run's folder by the first test that needs a database. */
export interface TestServer {
  adminUrl: string;
  owner: { role: string; password: string };
  app: { role: string; password: string };
  template: string;
  /** True for the server of TEST_DATABASE_URL, from which the teardown removes only what bears the template's name. */
  isShared: boolean;
}

export interface TestDatabase {
  /** Connects as the application's role. */
  url: string;
  /** Connects as the role that owns the tables. */
  ownerUrl: string;
  /** Also ends connections that are still open. */
  drop(): Promise<void>;
}

/**
 * Makes a database with the newest schema and nothing in it but what the
 * migrations put there, as a clone of a template that is migrated once per run.
 * Runs on an embedded server, or on the one of TEST_DATABASE_URL, whose role
 * must be allowed to create databases and roles; or on the server given.
 *
 * @throws Error when the server cannot be started or a migration fails.
 */
export async function createTestDatabase(given?: TestServer): Promise<TestDatabase> {
  const server = given ?? (await getTestServer());
  const name = `${server.template}_${randomBytes(6).toString('hex')}`;
  await cloneTemplate(server, name);
  return {
    url: urlOf(server, server.app, name),
    ownerUrl: urlOf(server, server.owner, name),
    drop: () => dropDatabase(server, name),
  };
}

/** A copy of a database that nobody is connected to, with everything in it. */
export function copyTestDatabase(server: TestServer, original: TestDatabase): Promise<TestDatabase> {
  return createTestDatabase({ ...server, template: new URL(original.url).pathname.slice(1) });
}

/** Makes a database without any table, for tests of the migrations themselves. */
export async function createEmptyDatabase(): Promise<TestDatabase & { appRole: string }> {
  const server = await getTestServer();
  const name = `${server.template}_${randomBytes(6).toString('hex')}`;
  await asAdmin(server, async (client) => void (await client.query(`CREATE DATABASE ${name} TEMPLATE template0`)));
  return {
    url: urlOf(server, server.app, name),
    ownerUrl: urlOf(server, server.owner, name),
    appRole: server.app.role,
    drop: () => dropDatabase(server, name),
  };
}

async function cloneTemplate(server: TestServer, name: string): Promise<void> {
  await asAdmin(server, async (client) => {
    await whenFree(OBJECT_IN_USE, () => client.query(`CREATE DATABASE ${name} TEMPLATE ${server.template}`));
    // A clone takes over all rights but those on the database itself.
    await client.query(`GRANT CONNECT, CREATE ON DATABASE ${name} TO ${client.escapeIdentifier(server.app.role)}`);
  });
}

function dropDatabase(server: TestServer, name: string): Promise<void> {
  return asAdmin(server, (client) =>
    whenFree(INSUFFICIENT_PRIVILEGE, () => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  );
}

/** Autovacuum may be connected, until it is through with its table: the database is busy then, and its worker is not ours to send away. */
async function whenFree(busyCode: string, work: () => Promise<unknown>): Promise<void> {
  const giveUpAtMs = performance.now() + BUSY_MS_MAX;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== busyCode || performance.now() >= giveUpAtMs) throw error;
      await delay(20);
    }
  }
}

/** Prepares the server once per run: the first to come does it, whichever worker it is in. */
async function getTestServer(): Promise<TestServer> {
  const folder = process.env['FAIRSHARE_TEST_RUN_DIR'];
  if (!folder) {
    throw new Error(
      'A test database can only be made in the integration project, whose global setup prepares the run.',
    );
  }
  const file = join(folder, 'server.json');
  if (!existsSync(file)) {
    await withFolderLock(folder, 60_000, async () => {
      if (!existsSync(file)) {
        const server = await prepareServer(folder);
        writeFileSync(`${file}.draft`, JSON.stringify(server));
        renameSync(`${file}.draft`, file);
      }
    });
  }
  return JSON.parse(readFileSync(file, 'utf8')) as TestServer;
}

async function prepareServer(folder: string): Promise<TestServer> {
  const sharedUrl = process.env['TEST_DATABASE_URL'];
  // Several files at a time, each with an app or more, have more connections than one service.
  const start = () => startOwnServer(folder, { max_connections: '400' });
  return makeTemplate(sharedUrl ? await describeSharedServer(sharedUrl, folder) : await start());
}

/** A server in this folder for one test alone. */
export async function prepareOwnServer(folder: string): Promise<TestServer> {
  return makeTemplate(await startOwnServer(folder));
}

async function makeTemplate(server: TestServer): Promise<TestServer> {
  await asAdmin(server, async (client) => void (await client.query(`CREATE DATABASE ${server.template}`)));
  await applyMigrations({ url: urlOf(server, server.owner, server.template), appRole: server.app.role });
  return server;
}

/** The server is left running when the worker ends; the global teardown stops it. Starts it again after a crash. */
export async function startOwnServer(folder: string, settings: Record<string, string> = {}): Promise<TestServer> {
  await rememberPort(join(folder, 'postgres'));
  const database = await startEmbeddedPostgres({
    dataDir: join(folder, 'postgres'),
    log: () => undefined,
    database: 'postgres',
    // The data of a test need not survive a power failure.
    settings: { fsync: 'off', full_page_writes: 'off', ...settings },
    // The teardown, which may run in this very process, kills the server.
    isSupervised: false,
  });
  return {
    adminUrl: database.ownerUrl,
    owner: { role: OWNER_ROLE, password: new URL(database.ownerUrl).password },
    app: { role: APP_ROLE, password: new URL(database.appUrl).password },
    template: 'fairshare_test',
    isShared: false,
  };
}

/** One that nobody else gets while the server is down: those who know it by its port must find it again. */
async function rememberPort(dataDir: string): Promise<void> {
  const file = join(dataDir, 'port');
  if (existsSync(file)) return;
  makeDataDir(dataDir);
  writeFileSync(file, String(await freePort()));
}

async function describeSharedServer(url: string, folder: string): Promise<TestServer> {
  const { username, password } = new URL(url);
  const name = basename(folder).replaceAll('-', '_').toLowerCase();
  const app = { role: `${name}_app`, password: randomBytes(16).toString('hex') };
  const owner = { role: decodeURIComponent(username), password: decodeURIComponent(password) };
  const server: TestServer = { adminUrl: url, owner, app, template: name, isShared: true };
  await asAdmin(
    server,
    async (client) => void (await client.query(`CREATE ROLE ${app.role} LOGIN PASSWORD '${app.password}'`)),
  );
  return server;
}

async function asAdmin(server: TestServer, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: server.adminUrl });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function urlOf(server: TestServer, user: { role: string; password: string }, database: string): string {
  const url = new URL(server.adminUrl);
  url.username = encodeURIComponent(user.role);
  url.password = encodeURIComponent(user.password);
  url.pathname = `/${database}`;
  return url.href;
}
