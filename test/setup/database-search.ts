import pg from 'pg';
import type { TestApp } from './app.js';

interface Column {
  schema: string;
  table: string;
  name: string;
  type: string;
}

/**
 * Every value of the whole database that holds one of these, in any case: `table.column: value`. Looks into
 * each column of each table and schema, jobs included, bytes as hexadecimal and as text.
 */
export async function findInDatabase(api: TestApp, needles: (string | RegExp)[]): Promise<string[]> {
  const { rows: columns } = await api.database.pool.query<Column>(
    `SELECT n.nspname AS schema, c.relname AS table, a.attname AS name, t.typname AS type
       FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       JOIN pg_type t ON t.oid = a.atttypid
       WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
       ORDER BY 1, 2, a.attnum`,
  );
  const found: string[] = [];
  for (const column of columns) found.push(...(await findInColumn(api, column, needles)));
  return found;
}

async function findInColumn(api: TestApp, column: Column, needles: (string | RegExp)[]): Promise<string[]> {
  const { schema, table, name, type } = column;
  const identifier = pg.escapeIdentifier(name);
  const text =
    type === 'bytea' ? `encode(${identifier}, 'hex') || ' ' || encode(${identifier}, 'escape')` : `${identifier}::text`;
  const { rows } = await api.database.pool.query<{ value: string }>(
    `SELECT ${text} AS value FROM ${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)} WHERE ${identifier} IS NOT NULL`,
  );
  return rows
    .filter(({ value }) => needles.some((needle) => holds(value, needle)))
    .map(({ value }) => `${table}.${name}: ${value.slice(0, 300)}`);
}

function holds(value: string, needle: string | RegExp): boolean {
  return typeof needle === 'string' ? value.toLowerCase().includes(needle.toLowerCase()) : needle.test(value);
}
