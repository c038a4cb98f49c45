import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';
import { applyMigrations, ownsJournal, pendingMigrations } from './migrations.js';
import { findProjectRoot } from './project-root.js';

export interface OpenDatabase {
  /** What the app's own role connects with. */
  url: string;
  /** Lets go of the embedded server; does nothing for another one. */
  close(): Promise<void>;
}

interface StartLog {
  info(message: string): void;
  warn(message: string): void;
}

/**
 * Finds or starts the database of this configuration and makes sure that its schema is the one this code was written
 * for. Without DATABASE_URL that is the embedded PostgreSQL. Migrations are applied here, except to a production
 * database, which is migrated by its operator, when and as whom they choose.
 *
 * @throws Error with a sentence that says what to do.
 */
export async function openDatabase(options: {
  config: Config;
  dataDir?: string;
  log: StartLog;
}): Promise<OpenDatabase> {
  const { config, log } = options;
  const database =
    config.databaseUrl === undefined ? await openEmbedded(options) : await openConfigured(config, config.databaseUrl);
  if (await ownsJournal(database.url)) {
    log.warn(
      "the app's database role owns the ledger's tables, so it could switch off their protection; see docs/operations.md",
    );
  }
  return database;
}

/**
 * `npm run db:migrate`: brings any database up to date, a production one too, as the role that owns its tables.
 * @returns the names of the migrations that were applied now.
 */
export async function migrateDatabase({ config, log }: { config: Config; log: StartLog }): Promise<string[]> {
  const url = config.migrationDatabaseUrl;
  if (url !== undefined) return (await applyMigrations({ url, appRole: roleOf(config.databaseUrl ?? url) })).applied;
  const embedded = await startEmbeddedPostgres({
    dataDir: join(findProjectRoot(), '.data'),
    log: (message) => log.info(message),
  });
  try {
    return (await applyMigrations({ url: embedded.ownerUrl, appRole: roleOf(embedded.appUrl) })).applied;
  } finally {
    await embedded.stop();
  }
}

async function openEmbedded({
  config,
  dataDir,
  log,
}: {
  config: Config;
  dataDir?: string;
  log: StartLog;
}): Promise<OpenDatabase> {
  if (config.production) {
    log.warn('DATABASE_URL is not set: the embedded PostgreSQL is used, whose data lies on this machine only');
  }
  const embedded = await startEmbeddedPostgres({
    dataDir: dataDir ?? join(findProjectRoot(), '.data'),
    log: (message) => log.info(message),
  });
  try {
    await applyMigrations({ url: embedded.ownerUrl, appRole: roleOf(embedded.appUrl) });
  } catch (error) {
    await embedded.stop();
    throw error;
  }
  return { url: embedded.appUrl, close: () => embedded.stop() };
}

async function openConfigured(config: Config, url: string): Promise<OpenDatabase> {
  if (config.production) await refusePendingMigrations(url);
  else await applyMigrations({ url: config.migrationDatabaseUrl ?? url, appRole: roleOf(url) });
  return { url, close: async () => undefined };
}

async function refusePendingMigrations(url: string): Promise<void> {
  const pending = await pendingMigrations(url);
  if (pending.length === 0) return;
  throw new Error(
    `The database lacks the migrations ${pending.join(', ')}. Run "npm run db:migrate", then start again.`,
  );
}

function roleOf(url: string): string {
  return decodeURIComponent(new URL(url).username);
}
