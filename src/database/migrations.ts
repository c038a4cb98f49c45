import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { MigrationList } from '@prisma/schema-engine-wasm';
import pg from 'pg';
import { isInOthersWay } from './database-errors.js';
import { explainDatabaseError } from './migration-errors.js';
import { isBehindPooler } from './pooler.js';
import { findProjectRoot } from './project-root.js';
import { readMigrations, withSchemaEngine } from './schema-engine.js';

/** The tables that only ever grow: the app's role may read and insert, nothing else. */
export const APPEND_ONLY_TABLES = [
  'journal_entries',
  'postings',
  'journal_seals',
  'audit_log',
  'referral_rejections',
  'spared_commissions',
  'out_of_band_acceptances',
] as const;

/** Prisma's own record, which only the owner writes. */
const READ_ONLY_TABLES = ['_prisma_migrations'];

/** The oldest PostgreSQL that is tested and still maintained. */
const SERVER_MAJOR_MIN = 14;

/** An arbitrary number of our own, apart from the one that Prisma's engine locks inside. */
const MIGRATION_LOCK_KEY = 4_155_001;

/**
 * The instances of the version before work meanwhile, and whoever comes to a table that a migration waits for waits behind
 * it. So it waits for a moment only, then lets go of all that it has locked, and begins again after a pause in which they
 * get on; the same when it and they wait for each other. Twice as long as PostgreSQL's `deadlock_timeout` by default, so
 * that none of them is made to give way instead.
 */
const LOCK_WAIT_MS = 2_000;
const ATTEMPT_PAUSE_MS = 1_000;
const ATTEMPTS_MAX = 40;

const NO_FILTERS = { externalTables: [], externalEnums: [] };

/**
 * Brings the database to the newest migration of `prisma/migrations` and, when
 * `appRole` is another role than the connected one, grants that role what the
 * application needs and no more. Safe to call at every start and from several
 * processes at once: they queue on an advisory lock and the later ones find
 * nothing to do. Each migration is applied as a whole or not at all, also when the
 * process is killed, and tried again for two minutes at most where it meets those
 * who use the tables meanwhile; an empty database gets all of them or none.
 *
 * @returns the names of the migrations that this call applied.
 * @throws Error with a sentence that says what to do: database unreachable,
 *   wrong credentials, server too old, a migration that failed now or earlier.
 */
export async function applyMigrations(options: {
  url: string;
  appRole?: string;
  /** Another folder than the project's own: for tests. */
  migrationsDir?: string;
}): Promise<{ applied: string[] }> {
  const { url, appRole } = options;
  const migrationsList = await readMigrations(options.migrationsDir ?? migrationsFolder());
  return withClient(url, async (client) => {
    await checkServerVersion(client);
    await refusePooler(client);
    // Released with the connection, even when this process is killed.
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK_KEY]);
    const applied: string[] = [];
    for (const step of await stepsFor(client, migrationsList)) {
      applied.push(...(await applyBesideOthers(url, step)));
      if (appRole !== undefined) await grantToAppRole(client, appRole);
    }
    if (applied.length === 0 && appRole !== undefined) await grantToAppRole(client, appRole);
    return { applied };
  });
}

/**
 * What is applied in one transaction each: an empty database gets everything at once, a database in use one migration after
 * the other. All at once, a migration would hold what those before it have locked while it waits for its own table, and a
 * transaction that has come there first waits for the others: under load that never ends well.
 */
async function stepsFor(client: pg.Client, all: MigrationList): Promise<MigrationList[]> {
  const recorded = await recordedMigrations(client);
  if (recorded.length === 0) return [all];
  const names = all.migrationDirectories.map(({ path }) => path);
  const applied = new Set(recorded.filter(({ done }) => done).map(({ name }) => name));
  const pending = names.filter((name) => !applied.has(name));
  // The engine takes a hundred megabytes that a process which has nothing to migrate would never give back.
  if (pending.length === 0) return recorded.every(({ done }) => done) ? [] : [all];
  return pending.map((_, index) => {
    const later = new Set(pending.slice(index + 1));
    return { ...all, migrationDirectories: all.migrationDirectories.filter(({ path }) => !later.has(path)) };
  });
}

/** @returns the names of the migrations that were applied. */
async function applyBesideOthers(url: string, migrationsList: MigrationList): Promise<string[]> {
  for (let attempts = 1; ; attempts++) {
    try {
      const { appliedMigrationNames } = await withSchemaEngine(
        { url, discard: false, lockWaitMs: LOCK_WAIT_MS },
        (engine) => engine.applyMigrations({ migrationsList, filters: NO_FILTERS }),
      );
      return appliedMigrationNames;
    } catch (error) {
      if (!isInOthersWay(error) || attempts >= ATTEMPTS_MAX) throw error;
      await pause(ATTEMPT_PAUSE_MS);
    }
  }
}

/**
 * @returns the names of the migrations that this database lacks.
 * @throws Error when the database cannot be reached.
 */
export async function pendingMigrations(url: string): Promise<string[]> {
  const { migrationDirectories } = await readMigrations(migrationsFolder());
  return withClient(url, async (client) => {
    const applied = new Set((await recordedMigrations(client)).filter(({ done }) => done).map(({ name }) => name));
    return migrationDirectories.map(({ path }) => path).filter((name) => !applied.has(name));
  });
}

/** Prisma's own record, without what was rolled back; empty in a database that was never migrated. */
async function recordedMigrations(client: pg.Client): Promise<{ name: string; done: boolean }[]> {
  const { rows: tables } = await client.query("SELECT 1 WHERE to_regclass('public._prisma_migrations') IS NOT NULL");
  if (tables.length === 0) return [];
  const { rows } = await client.query<{ name: string; done: boolean }>(
    'SELECT migration_name AS name, finished_at IS NOT NULL AS done FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  return rows;
}

/**
 * Compares `prisma/migrations` with `prisma/schema.prisma`: a change made in one
 * and forgotten in the other must not get past CI. What Prisma's schema cannot
 * express (partial indexes, CHECKs, triggers, partitions) is not compared.
 *
 * @param options.scratchUrl an empty database, which is empty again afterwards.
 * @returns the SQL that would bring a database built from the migrations to the
 *   schema; nothing but whitespace and comments when they agree.
 * @throws Error when the database cannot be used or a migration fails.
 */
export async function diffMigrationsToSchema(options: {
  scratchUrl: string;
  /** Other places than the project's own: for tests. */
  migrationsDir?: string;
  schemaFile?: string;
}): Promise<string> {
  const migrations = await readMigrations(options.migrationsDir ?? migrationsFolder());
  const path = options.schemaFile ?? join(findProjectRoot(), 'prisma', 'schema.prisma');
  const content = await readFile(path, 'utf8');
  try {
    const { stdout } = await withSchemaEngine({ url: options.scratchUrl, discard: true }, (engine) =>
      engine.diff({
        from: { tag: 'migrations', ...migrations },
        to: { tag: 'schemaDatamodel', files: [{ path, content }] },
        script: true,
        exitCode: null,
        filters: NO_FILTERS,
      }),
    );
    return stdout ?? '';
  } catch (error) {
    throw explainDatabaseError(error, options.scratchUrl);
  }
}

/**
 * Tells whether the role of this URL could change the journal in spite of the
 * rights that the migrations grant, because it owns the table, is a member of the
 * role that does, or is a superuser. False when there is no journal yet.
 *
 * @throws Error when the database cannot be reached.
 */
export async function ownsJournal(url: string): Promise<boolean> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ owns: boolean }>(
      `SELECT bool_or(pg_has_role(current_user, tableowner, 'MEMBER')) AS owns
         FROM pg_tables WHERE schemaname = 'public' AND tablename = ANY ($1)`,
      [APPEND_ONLY_TABLES],
    );
    return rows[0]?.owns ?? false;
  });
}

function migrationsFolder(): string {
  return join(findProjectRoot(), 'prisma', 'migrations');
}

async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  // A connection that is lost while idle shows in the next query; it must not end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw explainDatabaseError(error, url);
  } finally {
    await client.end();
  }
}

async function checkServerVersion(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ major: number; version: string }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('server_version') AS version`,
  );
  const server = rows[0];
  if (server && server.major < SERVER_MAJOR_MIN) {
    throw new Error(`The database is PostgreSQL ${server.version}; version ${SERVER_MAJOR_MIN} or newer is needed.`);
  }
}

/** The locks that keep two of us from migrating at once belong to a session. */
async function refusePooler(client: pg.Client): Promise<void> {
  if (!(await isBehindPooler(client))) return;
  throw new Error(
    'Migrations cannot run through a connection pooler: let MIGRATION_DATABASE_URL lead to PostgreSQL itself.',
  );
}

/**
 * Rights are set anew each time, so that a table added by a migration is covered
 * and a right given by hand does not stay. The application never gets TRUNCATE.
 */
async function grantToAppRole(client: pg.Client, appRole: string): Promise<void> {
  // Extensions may have functions in the same schema, whose rights are not ours to give away.
  const { rows } = await client.query<{ user: string; database: string; tables: string[]; functions: string[] }>(
    `SELECT current_user AS user, current_database() AS database,
            ARRAY (SELECT tablename::text FROM pg_tables WHERE schemaname = 'public') AS tables,
            ARRAY (SELECT oid::regprocedure::text FROM pg_proc
                   WHERE pronamespace = 'public'::regnamespace AND pg_has_role(proowner, 'USAGE')) AS functions`,
  );
  const connected = rows[0];
  if (!connected || connected.user === appRole) {
    return;
  }
  const role = client.escapeIdentifier(appRole);
  const existing = (names: readonly string[]): string[] =>
    names.filter((name) => connected.tables.includes(name)).map((name) => `public.${client.escapeIdentifier(name)}`);
  const statements = [
    `GRANT USAGE ON SCHEMA public TO ${role}`,
    // The job queue makes a schema of its own.
    `GRANT CONNECT, CREATE ON DATABASE ${client.escapeIdentifier(connected.database)} TO ${role}`,
    `REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${role}`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`,
    ...existing(APPEND_ONLY_TABLES).map((table) => `REVOKE UPDATE, DELETE ON ${table} FROM ${role}`),
    ...existing(READ_ONLY_TABLES).map((table) => `REVOKE INSERT, UPDATE, DELETE ON ${table} FROM ${role}`),
    `GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role}`,
    ...connected.functions.map((name) => `GRANT EXECUTE ON FUNCTION ${name} TO ${role}`),
  ];
  // One transaction, so that a running application never finds its rights missing for a moment.
  await client.query(['BEGIN', ...statements, 'COMMIT'].join(';\n'));
}
