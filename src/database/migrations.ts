import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { findProjectRoot } from './project-root.js';
import { readMigrations, withSchemaEngine } from './schema-engine.js';

/** The tables that only ever grow: the app's role may read and insert, nothing else. */
export const APPEND_ONLY_TABLES = ['journal_entries', 'postings'] as const;

/** An arbitrary number of our own, apart from the one that Prisma's engine locks inside. */
const MIGRATION_LOCK_KEY = 4_155_001;

const NO_FILTERS = { externalTables: [], externalEnums: [] };

/**
 * Brings the database to the newest migration of `prisma/migrations` and, when
 * `appRole` is another role than the connected one, grants that role what the
 * application needs and no more. Safe to call at every start and from several
 * processes at once: they queue on an advisory lock and the later ones find
 * nothing to do.
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
  const migrations = await readMigrations(options.migrationsDir ?? join(findProjectRoot(), 'prisma', 'migrations'));
  const lock = new pg.Client({ connectionString: options.url });
  try {
    await lock.connect();
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK_KEY]);
    const { appliedMigrationNames } = await withSchemaEngine(options.url, (engine) =>
      engine.applyMigrations({ migrationsList: migrations, filters: NO_FILTERS }),
    );
    if (options.appRole) {
      await grantToAppRole(lock, options.appRole);
    }
    return { applied: appliedMigrationNames };
  } finally {
    await lock.end();
  }
}

async function grantToAppRole(client: pg.Client, appRole: string): Promise<void> {
  const role = client.escapeIdentifier(appRole);
  const { rows } = await client.query<{ user: string; database: string }>(
    'SELECT current_user AS user, current_database() AS database',
  );
  const connected = rows[0];
  if (!connected || connected.user === appRole) {
    return;
  }
  const existing = await client.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename = ANY ($1)`,
    [APPEND_ONLY_TABLES],
  );
  const statements = [
    `GRANT CONNECT, CREATE ON DATABASE ${client.escapeIdentifier(connected.database)} TO ${role}`,
    `GRANT USAGE ON SCHEMA public TO ${role}`,
    `REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${role}`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`,
    ...existing.rows.map(({ name }) => `REVOKE UPDATE, DELETE ON public.${client.escapeIdentifier(name)} FROM ${role}`),
    `GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role}`,
    `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO ${role}`,
  ];
  // One transaction, so that a running application never sees its rights missing for a moment.
  await client.query(['BEGIN', ...statements, 'COMMIT'].join(';\n'));
}
