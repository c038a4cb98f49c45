import type { SqlTx } from './sql-transaction.js';

/**
 * Makes the rest of the transaction look everything up by an index, whatever the statistics say. For work that touches
 * few of many rows in tables that it fills itself: a plan is made once per statement, and one that was made while a
 * table was empty reads the whole of it, again for each row, while the very same statement makes it grow. Compiling
 * such plans (JIT) would take longer than they run.
 */
export async function planByIndex(tx: SqlTx): Promise<void> {
  await tx.$queryRaw`SELECT set_config('enable_seqscan', 'off', TRUE), set_config('jit', 'off', TRUE)`;
}

/**
 * The same, with plans that are made once for any values. For batches that come again and again: PostgreSQL would plan a
 * statement anew for the values of its first five executions on each connection, which takes it longer than a batch does.
 */
export async function planOnceByIndex(tx: SqlTx): Promise<void> {
  await planByIndex(tx);
  await tx.$queryRaw`SELECT set_config('plan_cache_mode', 'force_generic_plan', TRUE)`;
}
