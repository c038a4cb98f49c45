import type { SqlTx } from './sql-transaction.js';

/**
 * How long a statement of a server may take: whoever asked has gone by then, and it would keep one of few connections. Longer
 * than an abandoned transaction keeps its locks, so that who waits for those gets them.
 */
export const STATEMENT_TIMEOUT_MS = 35_000;

/** For the rest of a transaction whose statements go through everything there is, and take as long as that takes. */
export const WITHOUT_TIME_LIMIT = 'SET LOCAL statement_timeout = 0';

/** The same, for a transaction that is open already. */
export async function liftTimeLimit(tx: SqlTx): Promise<void> {
  await tx.$queryRaw`SELECT set_config('statement_timeout', '0', TRUE)`;
}

/** For the rest of a transaction that is open: each lock is waited for no longer, or the statement that waits fails. */
export async function waitForLocks(tx: SqlTx, maxMs: number): Promise<void> {
  await tx.$queryRaw`SELECT set_config('lock_timeout', ${String(maxMs)}, TRUE)`;
}
