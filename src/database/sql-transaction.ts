import { Prisma } from '@prisma/client';
import pg from 'pg';
import type { StatementNames } from './statement-names.js';

/** An open transaction for statements written by hand: Prisma's own, or one on a bare connection. */
export interface SqlTx {
  $queryRaw<T>(sql: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<T>;
  $executeRaw(sql: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<number>;
}

/** Values as Prisma gives them, so that a statement means the same in either transaction: BIGINT is a bigint. */
const TYPES = new pg.TypeOverrides();
TYPES.setTypeParser(pg.types.builtins.INT8, BigInt);

/** How a transaction begins: to write, as each statement finds the database, or to read it in one state. */
export type Begin = 'BEGIN' | 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/**
 * Runs `work` in one transaction on this connection, READ COMMITTED unless told, commits, and gives the connection back,
 * or away if its state is not known any more.
 */
export async function transactOn<T>(
  client: pg.PoolClient,
  work: (tx: SqlTx) => Promise<T>,
  names: StatementNames,
  begin: Begin = 'BEGIN',
): Promise<T> {
  const run = ([sql, ...values]: Parameters<SqlTx['$queryRaw']>): Promise<pg.QueryResult<pg.QueryResultRow>> => {
    const { text, values: parameters } = 'text' in sql ? sql : Prisma.sql(sql, ...values);
    return client.query({ name: names.nameOf(text), text, values: parameters, types: TYPES });
  };
  let isClean = false;
  try {
    await client.query(begin);
    const result = await work({
      $queryRaw: async <R>(...sql: Parameters<SqlTx['$queryRaw']>) => (await run(sql)).rows as R,
      $executeRaw: async (...sql) => (await run(sql)).rowCount ?? 0,
    });
    const { command } = await client.query('COMMIT');
    isClean = true;
    // PostgreSQL answers so when a statement has failed; whoever caught that error must not believe the rest was written.
    if (command !== 'COMMIT')
      throw new Error('the transaction was rolled back, since one of its statements had failed');
    return result;
  } finally {
    // Closing the connection rolls back.
    client.release(!isClean);
  }
}
