import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedDatabase } from '../database/embedded-postgres.js';
import { findProjectRoot } from '../database/project-root.js';

/**
 * An empty database on an embedded server of the demo's own, so that the story always begins with nothing and never
 * touches the data of `npm start`. Each role drops what it owns: the application its jobs, the owner the tables.
 */
export async function openDemoDatabase(log: (message: string) => void): Promise<EmbeddedDatabase> {
  const database = await startEmbeddedPostgres({ dataDir: join(findProjectRoot(), '.data', 'demo'), log });
  await execute(database.appUrl, 'DROP SCHEMA IF EXISTS pgboss CASCADE');
  await execute(database.ownerUrl, 'DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public');
  return database;
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
