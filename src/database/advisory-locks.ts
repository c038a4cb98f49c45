import type { SqlTx } from './sql-transaction.js';

/**
 * Locks names that stand for things which may not exist as rows yet, until the transaction ends. Taken in sorted order,
 * so that two transactions which want the same ones cannot wait for each other.
 */
export async function lockNames(tx: SqlTx, names: string[]): Promise<void> {
  if (names.length === 0) return;
  // A FROM with LIMIT-free ORDER BY inside keeps PostgreSQL from calling the locks out of order.
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock(hashtextextended(name, 0))
    FROM (SELECT name FROM unnest(${[...new Set(names)].sort()}::text[]) WITH ORDINALITY AS k (name, n) ORDER BY n OFFSET 0) ordered`;
}

/**
 * Locks those of the names that nobody else has locked, and waits for none: so there is no order to keep.
 * @returns those that somebody else has locked.
 */
export async function tryLockNames(tx: SqlTx, names: string[]): Promise<Set<string>> {
  if (names.length === 0) return new Set();
  const rows = await tx.$queryRaw<{ name: string }[]>`
    SELECT name FROM unnest(${names}::text[]) AS k (name)
    WHERE NOT pg_try_advisory_xact_lock(hashtextextended(name, 0))`;
  return new Set(rows.map(({ name }) => name));
}

/** Keeps whoever locks one of the names (lockNames) waiting, and nobody else who shares it, until the transaction ends. */
export async function shareNames(tx: SqlTx, names: string[]): Promise<void> {
  if (names.length === 0) return;
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock_shared(hashtextextended(name, 0))
    FROM (SELECT name FROM unnest(${[...new Set(names)].sort()}::text[]) WITH ORDINALITY AS k (name, n) ORDER BY n OFFSET 0) ordered`;
}
