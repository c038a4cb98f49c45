import type { Tx } from './database.js';

/**
 * Locks names that stand for things which may not exist as rows yet, until the transaction ends. Taken in sorted order,
 * so that two transactions which want the same ones cannot wait for each other.
 */
export async function lockNames(tx: Tx, names: string[]): Promise<void> {
  if (names.length === 0) return;
  // A FROM with LIMIT-free ORDER BY inside keeps PostgreSQL from calling the locks out of order.
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock(hashtextextended(name, 0))
    FROM (SELECT name FROM unnest(${[...new Set(names)].sort()}::text[]) WITH ORDINALITY AS k (name, n) ORDER BY n OFFSET 0) ordered`;
}

/** Keeps whoever locks one of the names (lockNames) waiting, and nobody else who shares it, until the transaction ends. */
export async function shareNames(tx: Tx, names: string[]): Promise<void> {
  if (names.length === 0) return;
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock_shared(hashtextextended(name, 0))
    FROM (SELECT name FROM unnest(${[...new Set(names)].sort()}::text[]) WITH ORDINALITY AS k (name, n) ORDER BY n OFFSET 0) ordered`;
}
