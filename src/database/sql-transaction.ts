import { Prisma } from '@prisma/client';
import pg from 'pg';
import { isAfterFailure } from './database-errors.js';
import type { StatementNames } from './statement-names.js';

/** An open transaction for statements written by hand: Prisma's own, or one on a bare connection. */
export interface SqlTx {
  $queryRaw<T>(sql: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<T>;
  $executeRaw(sql: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<number>;
  /** Whether statements are sent as soon as they are asked for, without waiting for the answers of those before. */
  readonly isPipelined?: boolean;
  /** What is sent in one go with COMMIT, where it is pipelined. */
  readonly lastSteps?: (() => Promise<unknown>)[];
}

/**
 * Runs steps of which none needs the answer of another, in their order: the first statements of all of them in one go where
 * the transaction is pipelined, else one step after the other. What a step does after its first answer comes after those.
 */
export async function inOneGo<Steps extends (() => Promise<unknown>)[]>(
  tx: SqlTx,
  ...steps: Steps
): Promise<{ [Step in keyof Steps]: Awaited<ReturnType<Steps[Step]>> }> {
  const results: unknown[] = [];
  if (tx.isPipelined) results.push(...(await Promise.all(steps.map((step) => step()))));
  else for (const step of steps) results.push(await step());
  return results as { [Step in keyof Steps]: Awaited<ReturnType<Steps[Step]>> };
}

/**
 * Runs a step of one statement, whose answer nobody needs, as the last of the transaction, in one go with COMMIT where it is
 * pipelined, else here and now. What it locks is locked for no longer than committing takes.
 */
export async function lastly(tx: SqlTx, step: () => Promise<unknown>): Promise<void> {
  if (tx.lastSteps) tx.lastSteps.push(step);
  else await step();
}

/** Values as Prisma gives them, so that a statement means the same in either transaction: BIGINT is a bigint. */
const TYPES = new pg.TypeOverrides();
TYPES.setTypeParser(pg.types.builtins.INT8, BigInt);

/** How a transaction begins. */
export const BEGIN = {
  /** To write; each statement finds the database as it is by then. */
  toWrite: 'BEGIN',
  /**
   * The same with plans that are made once and go from row to row by indexes. What is few rows by its values may be any number
   * to whoever plans without looking at them, who would read whole tables then.
   */
  toWriteByIndex: (lockWaitMs: number) => `BEGIN; SET LOCAL lock_timeout = ${lockWaitMs};
    SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off;
    SET LOCAL enable_mergejoin = off; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off`,
  /** To read all in one state. */
  toRead: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
} as const;

/**
 * Runs `work` in one transaction on this connection, READ COMMITTED unless told, commits, and gives the connection back,
 * or away if its state is not known any more.
 *
 * @param onSent called once all is sent, COMMIT too, where the connection is pipelined. It is given back by then: what others
 *   send on it comes after the transaction, whatever becomes of that.
 */
export async function transactOn<T>(
  client: pg.PoolClient,
  work: (tx: SqlTx) => Promise<T>,
  names: StatementNames,
  begin: string = BEGIN.toWrite,
  onSent: () => void = () => undefined,
): Promise<T> {
  const failures: unknown[] = [];
  const run = async ([sql, ...values]: Parameters<SqlTx['$queryRaw']>): Promise<pg.QueryResult<pg.QueryResultRow>> => {
    const { text, values: parameters } = 'text' in sql ? sql : Prisma.sql(sql, ...values);
    try {
      return await client.query({ name: names.nameOf(text), text, values: parameters, types: TYPES });
    } catch (error) {
      failures.push(error);
      throw error;
    }
  };
  // Its types do not know of it yet.
  const { pipeline: isPipelined } = client as pg.PoolClient & { pipeline: boolean };
  const lastSteps: (() => Promise<unknown>)[] = [];
  let isClean = false;
  let isGivenBack = false;
  try {
    const begun = client.query(begin);
    if (!isPipelined) await begun;
    const working = work({
      isPipelined,
      ...(isPipelined && { lastSteps }),
      $queryRaw: async <R>(...sql: Parameters<SqlTx['$queryRaw']>) => (await run(sql)).rows as R,
      $executeRaw: async (...sql) => (await run(sql)).rowCount ?? 0,
    });
    const [result] = await Promise.all([working, begun]);
    const ending = lastSteps.map((step) => step());
    const committing = client.query('COMMIT');
    if (isPipelined) {
      client.release();
      isGivenBack = true;
      onSent();
    }
    const [{ command }] = await Promise.all([committing, ...ending]);
    isClean = true;
    // PostgreSQL answers so when a statement has failed; whoever caught that error must not believe the rest was written.
    if (command !== 'COMMIT')
      throw new Error('the transaction was rolled back, since one of its statements had failed');
    return result;
  } catch (error) {
    // Of what was sent in one go, a statement behind the one that failed may be heard of first: which says no more than that.
    throw isAfterFailure(error) ? failures[0] : error;
  } finally {
    // Closing the connection rolls back.
    if (!isGivenBack) client.release(!isClean);
  }
}
