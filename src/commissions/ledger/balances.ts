import { Prisma } from '@prisma/client';
import type { SqlTx } from '../../database/sql-transaction.js';

export interface BalanceKey {
  affiliateId: string;
  currency: string;
}

export interface LockedBalance extends BalanceKey {
  heldMinor: bigint;
  payableMinor: bigint;
  inPayoutMinor: bigint;
  lastSeq: bigint;
}

export function balanceKey({ affiliateId, currency }: BalanceKey): string {
  return `${affiliateId}:${currency}`;
}

/**
 * Locks the balance rows, the one lock under which an affiliate's money moves, until the transaction ends. Rows that
 * do not exist yet are inserted first: locking a missing row locks nothing. Both statements go in the order of
 * (affiliate, currency), as everywhere, so that two writers cannot deadlock. What depends on the balance must be read
 * in a *later* statement: one that waited for a lock still sees the data from before the wait (READ COMMITTED).
 */
export async function lockBalances(tx: SqlTx, keys: BalanceKey[]): Promise<Map<string, LockedBalance>> {
  if (keys.length === 0) return new Map();
  const distinct = [...new Map(keys.map((key) => [balanceKey(key), key])).values()];
  await tx.$executeRaw`
    INSERT INTO balances (affiliate_id, currency)
    SELECT affiliate_id, currency FROM ${unnested(distinct)} ORDER BY 1, 2
    ON CONFLICT DO NOTHING`;
  return lockExistingBalances(tx, distinct);
}

/** The same for keys that were read from the balances, which are never deleted; each key once. */
export async function lockExistingBalances(
  tx: SqlTx,
  keys: readonly BalanceKey[],
): Promise<Map<string, LockedBalance>> {
  const rows = await tx.$queryRaw<LockedBalance[]>`
    SELECT b.affiliate_id AS "affiliateId", b.currency, b.held_minor AS "heldMinor", b.payable_minor AS "payableMinor",
           b.in_payout_minor AS "inPayoutMinor", b.last_seq AS "lastSeq"
    FROM balances b JOIN ${unnested(keys)} USING (affiliate_id, currency)
    ORDER BY b.affiliate_id, b.currency
    FOR UPDATE OF b`;
  return new Map(rows.map((row) => [balanceKey(row), row]));
}

/** The keys as a relation. */
export function unnested(keys: readonly BalanceKey[]): Prisma.Sql {
  return Prisma.sql`
    unnest(${keys.map((key) => key.affiliateId)}::text[], ${keys.map((key) => key.currency)}::text[])
      AS wanted (affiliate_id, currency)`;
}
