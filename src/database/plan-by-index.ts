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
