import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { openCluster } from '../../src/database/embedded-postgres-cluster.js';
import { connectAsAdmin } from '../../src/database/embedded-postgres-server.js';
import { APP_ROLE, OWNER_ROLE, startEmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { applyMigrations } from '../../src/database/migrations.js';
import { printTable, type Row } from './table.js';

/**
 * What docs/operations.md advises for a large installation. Everything else is as PostgreSQL ships it: above all, a
 * commit is on disk before it is told.
 */
const SERVER_SETTINGS = { shared_buffers: '2GB', max_wal_size: '8GB', checkpoint_timeout: '15min' };

/** With BENCH_PROFILES, too: PostgreSQL tells what its time went into. */
const IS_PROFILED = process.env['BENCH_PROFILES'] !== undefined;
const PROFILE_SETTINGS: Record<string, string> = IS_PROFILED ? { shared_preload_libraries: 'pg_stat_statements' } : {};
const SHOWN_STATEMENTS = 25;

/** A PostgreSQL of our own in a folder that is deleted afterwards. */
export interface BenchServer {
  /** Makes a database with the newest schema, hands it to `work`, and drops it. */
  withDatabase<T>(name: string, work: (database: BenchDatabase) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

export interface BenchDatabase {
  /** Connects as the application's role, as in production. */
  url: string;
  ownerUrl: string;
  /** Connects as the server's administrator: for seeding, which must get past triggers that only slow it down. */
  admin: pg.Client;
}

export async function startBenchServer(): Promise<BenchServer> {
  const folder = mkdtempSync(join(tmpdir(), 'fairshare-bench-'));
  // PostgreSQL may run as another user, which must get through to its data.
  chmodSync(folder, 0o755);
  const log = (message: string): void => console.error(message);
  const embedded = await startEmbeddedPostgres({
    dataDir: folder,
    log,
    settings: { ...SERVER_SETTINGS, ...PROFILE_SETTINGS },
  });
  const cluster = openCluster(folder, log);
  const urlOf = (url: string, database: string): string => Object.assign(new URL(url), { pathname: database }).href;

  const asAdmin = async (statement: string): Promise<void> => {
    const client = await connectAsAdmin(cluster, embedded.port);
    await client.query(statement).finally(() => client.end());
  };
  return {
    withDatabase: async (name, work) => {
      await asAdmin(`CREATE DATABASE ${name} OWNER ${OWNER_ROLE}`);
      const url = urlOf(embedded.appUrl, name);
      const ownerUrl = urlOf(embedded.ownerUrl, name);
      await applyMigrations({ url: ownerUrl, appRole: APP_ROLE });
      const admin = await connectAsAdmin(cluster, embedded.port, name);
      try {
        if (IS_PROFILED)
          await admin.query('CREATE SCHEMA profiling; CREATE EXTENSION pg_stat_statements SCHEMA profiling');
        const result = await work({ url, ownerUrl, admin });
        if (IS_PROFILED) await printStatements(admin);
        return result;
      } finally {
        await admin.end();
        await asAdmin(`DROP DATABASE ${name} WITH (FORCE)`);
      }
    },
    stop: async () => {
      await embedded.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function printStatements(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<Row>(`
    SELECT calls::float8, total_exec_time AS "all ms", mean_exec_time AS "ms each", rows::float8,
           wal_bytes::float8 / 1e6 AS "WAL MB", left(regexp_replace(query, '\\s+', ' ', 'g'), 90) AS statement
    FROM profiling.pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY total_exec_time DESC LIMIT ${SHOWN_STATEMENTS}`);
  printTable('statements', rows);
}

/** Leaves what was written behind, so that it does not burden what is measured next. */
export async function settle(admin: pg.Client): Promise<void> {
  await admin.query('VACUUM (ANALYZE)');
  await admin.query('CHECKPOINT');
}
