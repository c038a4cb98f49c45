import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import {
  APPEND_ONLY_TABLES,
  applyMigrations,
  diffMigrationsToSchema,
  ownsJournal,
} from '../../../src/database/migrations.js';
import { findProjectRoot } from '../../../src/database/project-root.js';
import { createEmptyDatabase, createTestDatabase } from '../../setup/database.js';
import { eventually } from '../../setup/eventually.js';

type EmptyDatabase = Awaited<ReturnType<typeof createEmptyDatabase>>;

let database: EmptyDatabase;
let folder: string;

beforeEach(async () => {
  database = await createEmptyDatabase();
  folder = mkdtempSync(join(tmpdir(), 'fairshare-migrations-'));
  writeFileSync(join(folder, 'migration_lock.toml'), 'provider = "postgresql"\n');
});

afterEach(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

function addMigration(name: string, sql: string): void {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'migration.sql'), sql);
}

async function query(url: string, sql: string): Promise<pg.QueryResult<Record<string, unknown>>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query<Record<string, unknown>>(sql);
  } finally {
    await client.end();
  }
}

async function locksOf(table: string, mode: string): Promise<unknown[]> {
  const sql = `SELECT granted FROM pg_locks WHERE relation = to_regclass('${table}') AND mode = '${mode}'`;
  return (await query(database.ownerUrl, sql)).rows;
}

function withPassword(url: string, password: string): string {
  const changed = new URL(url);
  changed.password = password;
  return changed.href;
}

describe('applyMigrations', () => {
  it('applies every migration once and does nothing the second time', async () => {
    const first = await applyMigrations({ url: database.ownerUrl, appRole: database.appRole });
    expect(first.applied.length).toBeGreaterThan(0);
    const second = await applyMigrations({ url: database.ownerUrl, appRole: database.appRole });
    expect(second.applied).toEqual([]);
  });

  it('lets processes that start together queue, so that one of them applies and the others find nothing to do', async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => applyMigrations({ url: database.ownerUrl })));
    expect(all.filter(({ applied }) => applied.length > 0)).toHaveLength(1);
  });

  it("keeps Prisma's own record, so that its command line finds nothing to do either", async () => {
    const { applied } = await applyMigrations({ url: database.ownerUrl });
    const { rows } = await query(
      database.ownerUrl,
      'SELECT migration_name, length(checksum) AS checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY 1',
    );
    expect(rows).toEqual(applied.map((name) => ({ migration_name: name, checksum: 64 })));
  });

  it('runs functions and triggers with semicolons inside as one script', async () => {
    addMigration('1_function', `CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END; $$;`);
    await applyMigrations({ url: database.ownerUrl, migrationsDir: folder });
    expect((await query(database.ownerUrl, 'SELECT one()')).rows).toEqual([{ one: 1 }]);
  });

  it('leaves nothing behind when a migration fails, says which and why, and succeeds once it is mended', async () => {
    addMigration('1_good', 'CREATE TABLE good (id int);');
    addMigration('2_bad', 'CREATE TABLE bad (id int); SELECTT 1;');
    await expect(applyMigrations({ url: database.ownerUrl, migrationsDir: folder })).rejects.toThrow(
      /The migration 2_bad failed and everything was rolled back: .*SELECTT/,
    );
    expect((await query(database.ownerUrl, `SELECT * FROM pg_tables WHERE schemaname = 'public'`)).rows).toEqual([]);
    writeFileSync(join(folder, '2_bad', 'migration.sql'), 'CREATE TABLE bad (id int);');
    const { applied } = await applyMigrations({ url: database.ownerUrl, migrationsDir: folder });
    expect(applied).toEqual(['1_good', '2_bad']);
  });

  const addDueAt = 'ALTER TABLE events ADD COLUMN due_at timestamptz;';
  const addAmount = 'ALTER TABLE sales ADD COLUMN amount bigint;';
  it.each([
    ['one migration has changed already', { '2_events': addDueAt, '3_sales': addAmount }],
    ['the migration that waits has changed itself', { '2_both': addDueAt + addAmount }],
  ])('lets those on whom it waits get on with what %s, and goes on once they are done', async (_title, migrations) => {
    addMigration('1_tables', 'CREATE TABLE sales (id int); CREATE TABLE events (id int);');
    await applyMigrations({ url: database.ownerUrl, migrationsDir: folder });
    for (const [name, sql] of Object.entries(migrations)) addMigration(name, sql);
    const other = new pg.Client({ connectionString: database.ownerUrl });
    await other.connect();
    await other.query('BEGIN');
    await other.query('INSERT INTO sales VALUES (1)');
    const migrating = applyMigrations({ url: database.ownerUrl, migrationsDir: folder });
    await eventually(async () => expect(await locksOf('sales', 'AccessExclusiveLock')).toEqual([{ granted: false }]));
    await other.query('INSERT INTO events VALUES (1)');
    await other.query('COMMIT');
    await other.end();
    expect(await migrating).toEqual({ applied: Object.keys(migrations) });
  });

  it('refuses to go on after a migration that another tool left half-applied', async () => {
    addMigration('1_good', 'CREATE TABLE good (id int);');
    await applyMigrations({ url: database.ownerUrl, migrationsDir: folder });
    await query(
      database.ownerUrl,
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ('x', 'y', '2_half', now())`,
    );
    addMigration('2_half', 'CREATE TABLE half (id int);');
    await expect(applyMigrations({ url: database.ownerUrl, migrationsDir: folder })).rejects.toThrow(
      /failed earlier.*2_half.*prisma migrate resolve/s,
    );
  });

  it.each([
    ['a wrong password', () => withPassword(database.ownerUrl, 'wrong'), /refuses the password of/],
    ['a missing database', () => database.ownerUrl.replace(/\/[^/]*$/, '/nowhere'), /There is no database "nowhere"/],
    ['a server that is away', () => database.ownerUrl.replace(/:\d+\//, ':1/'), /cannot be reached \(ECONNREFUSED\)/],
  ])('explains %s without showing the password', async (_title, makeUrl, message) => {
    const url = makeUrl();
    const error = await applyMigrations({ url }).catch((caught: unknown) => caught as Error);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain(new URL(url).password);
  });

  it('is connected to the database no longer once it has ended', async () => {
    const onlooker = new pg.Client({ connectionString: database.ownerUrl });
    await onlooker.connect();
    for (let round = 1; round <= 5; round++) {
      addMigration(`${round}_round`, `CREATE TABLE round_${round} (id int);`);
      await applyMigrations({ url: database.ownerUrl, migrationsDir: folder });
      const { rows } = await onlooker.query(
        `SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
      );
      expect(rows).toEqual([]);
    }
    await onlooker.end();
  });

  it("says so when the application's role does not exist", async () => {
    await expect(applyMigrations({ url: database.ownerUrl, appRole: 'no_such_role' })).rejects.toThrow(
      /"no_such_role" does not exist: create the application's role/,
    );
  });
});

describe("the application's role", () => {
  it.each([
    ['journal_entries', 'id'],
    ['postings', 'amount_minor'],
    ['journal_seals', 'hash'],
    ['audit_log', 'reason'],
  ])('may not update, delete or truncate %s', async (table, column) => {
    expect(APPEND_ONLY_TABLES).toContain(table);
    const migrated = await createTestDatabase();
    for (const statement of [
      `UPDATE ${table} SET ${column} = ${column}`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table} CASCADE`,
    ]) {
      await expect(query(migrated.url, statement)).rejects.toThrow(/permission denied/);
    }
    await expect(query(migrated.url, `DROP TABLE ${table} CASCADE`)).rejects.toThrow(/must be owner/);
    await expect(query(migrated.url, `ALTER TABLE ${table} DISABLE TRIGGER ALL`)).rejects.toThrow(/must be owner/);
    await query(migrated.url, `SELECT count(*) FROM ${table}`);
    await migrated.drop();
  });

  it('may write the other tables, make a schema for its jobs, and not touch the record of migrations', async () => {
    const migrated = await createTestDatabase();
    await query(migrated.url, 'DELETE FROM affiliates');
    await query(migrated.url, 'CREATE SCHEMA jobs; CREATE TABLE jobs.job (id int); DROP SCHEMA jobs CASCADE');
    await expect(query(migrated.url, 'DELETE FROM _prisma_migrations')).rejects.toThrow(/permission denied/);
    await expect(query(migrated.url, 'TRUNCATE affiliates CASCADE')).rejects.toThrow(/permission denied/);
    await migrated.drop();
  });

  it('is given nothing of what another role has put beside it, as an extension does', async () => {
    await query(database.ownerUrl, `GRANT CREATE ON SCHEMA public TO ${database.appRole}`);
    await query(
      database.url,
      `CREATE FUNCTION of_another() RETURNS int LANGUAGE sql AS 'SELECT 1';
       REVOKE ALL ON FUNCTION of_another() FROM PUBLIC`,
    );
    expect((await applyMigrations({ url: database.ownerUrl, appRole: database.appRole })).applied).not.toEqual([]);
  });

  it('loses a right that was given by hand at the next start', async () => {
    await applyMigrations({ url: database.ownerUrl, appRole: database.appRole });
    await query(database.ownerUrl, `GRANT ALL ON postings TO ${database.appRole}`);
    await applyMigrations({ url: database.ownerUrl, appRole: database.appRole });
    await expect(query(database.url, 'DELETE FROM postings')).rejects.toThrow(/permission denied/);
  });

  it('does not own the journal, while the role that migrates does', async () => {
    const migrated = await createTestDatabase();
    expect(await ownsJournal(migrated.url)).toBe(false);
    expect(await ownsJournal(migrated.ownerUrl)).toBe(true);
    await migrated.drop();
  });
});

describe('diffMigrationsToSchema', () => {
  const prismaDir = join(findProjectRoot(), 'prisma');
  const isEmpty = (sql: string): boolean => sql.replaceAll(/--.*$/gm, '').trim() === '';

  it('finds no difference between the migrations and the schema', async () => {
    const sql = await diffMigrationsToSchema({ scratchUrl: database.ownerUrl });
    expect(isEmpty(sql) ? '' : sql).toBe('');
  });

  it('finds a column that was added to the schema and forgotten in the migrations', async () => {
    const schemaFile = join(folder, 'schema.prisma');
    const schema = readFileSync(join(prismaDir, 'schema.prisma'), 'utf8');
    writeFileSync(schemaFile, schema.replace(/^(model Affiliate \{)$/m, '$1\n  shoeSize Int? @map("shoe_size")'));
    const sql = await diffMigrationsToSchema({ scratchUrl: database.ownerUrl, schemaFile });
    expect(sql).toContain('ALTER TABLE "affiliates" ADD COLUMN     "shoe_size" INTEGER');
  });

  it('finds a column that was added by a migration and forgotten in the schema', async () => {
    cpSync(join(prismaDir, 'migrations'), folder, { recursive: true });
    addMigration('99999999999999_more', 'ALTER TABLE affiliates ADD COLUMN shoe_size int;');
    const sql = await diffMigrationsToSchema({ scratchUrl: database.ownerUrl, migrationsDir: folder });
    expect(sql).toContain('DROP COLUMN "shoe_size"');
  });

  it('leaves the scratch database empty', async () => {
    await diffMigrationsToSchema({ scratchUrl: database.ownerUrl });
    expect((await query(database.ownerUrl, `SELECT * FROM pg_tables WHERE schemaname = 'public'`)).rows).toEqual([]);
  });
});
