import type pg from 'pg';
import { TABLES, TABLE_NAMES, type TableName } from './tables.js';

/**
 * Affiliates are made one after the other, and rows are stored in the order of time, as the application would have
 * written them: so they are gathered in temporary tables first, which cost no log, and sorted on their way.
 */
const IN_ORDER_ALREADY: ReadonlySet<TableName> = new Set(['click_days', 'click_visitors', 'click_sub_ids']);

/** What reads and what takes rows of clicks before they are in order. */
export function stagedTable(table: TableName): string {
  return `pg_temp.staged_${table}`;
}

const STAGED = TABLE_NAMES.filter((table) => !IN_ORDER_ALREADY.has(table));

/** They last until the transaction ends. */
export async function createStaging(client: pg.ClientBase): Promise<void> {
  for (const table of STAGED) {
    await client.query(
      `CREATE TEMP TABLE staged_${table} ON COMMIT DROP AS SELECT ${columnsOf(table)} FROM ${table} WITH NO DATA`,
    );
  }
}

/** Stores what has gathered, table by table. Clicks have a way of their own (ClickDays). */
export async function storeStaged(client: pg.ClientBase, onTable: (table: TableName) => void): Promise<void> {
  for (const table of STAGED) {
    onTable(table);
    if (table === 'clicks') {
      await client.query(`CREATE INDEX ON ${stagedTable(table)} (occurred_at)`);
      continue;
    }
    const columns = columnsOf(table);
    await client.query(
      `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM ${stagedTable(table)} ORDER BY ${TABLES[table].order}`,
    );
    await client.query(`DROP TABLE ${stagedTable(table)}`);
  }
}

function columnsOf(table: TableName): string {
  return TABLES[table].columns.replaceAll(' ', ', ');
}
