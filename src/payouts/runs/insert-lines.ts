import { Prisma, type PayoutRun } from '@prisma/client';
import type { BalanceKey } from '../../commissions/ledger/balances.js';
import type { SqlTx } from '../../database/sql-transaction.js';
import { openItems } from '../eligibility/payout-items.js';

/** What a run takes of a balance. */
export interface TakenItems extends BalanceKey {
  takenMinor: bigint;
  takenCount: number;
  firstUnlinedSeq: bigint;
  /** Of what is taken; null when nothing is. */
  firstTakenSeq: bigint | null;
  lastTakenSeq: bigint | null;
  /** Whether something that is left, or in another payout already, may lie among what is taken. */
  isSplit: boolean;
}

interface LinedPayout extends TakenItems {
  id: string;
}

/**
 * Writes down which items stand in these payouts, whose balances the caller has locked since before it looked at them. A
 * payout that takes all there is from its first item to its last gets one line, which is known already; the others get
 * one for each stretch without a gap.
 */
export async function insertLines(tx: SqlTx, run: PayoutRun, payouts: LinedPayout[]): Promise<void> {
  await insertWholeLines(
    tx,
    payouts.filter(({ isSplit }) => !isSplit),
  );
  await insertSplitLines(
    tx,
    run,
    payouts.filter(({ isSplit }) => isSplit),
  );
}

async function insertWholeLines(tx: SqlTx, payouts: LinedPayout[]): Promise<void> {
  if (payouts.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO payout_lines (payout_id, affiliate_id, currency, first_seq, last_seq, item_count, amount_minor)
    SELECT * FROM unnest(${payouts.map(({ id }) => id)}::text[], ${payouts.map(({ affiliateId }) => affiliateId)}::text[],
                         ${payouts.map(({ currency }) => currency)}::text[], ${payouts.map(({ firstTakenSeq }) => firstTakenSeq)}::bigint[],
                         ${payouts.map(({ lastTakenSeq }) => lastTakenSeq)}::bigint[], ${payouts.map(({ takenCount }) => takenCount)}::int[],
                         ${payouts.map(({ takenMinor }) => takenMinor)}::bigint[])`;
}

/**
 * Reads the items once more, by the same rule and under the same locks, and numbers them twice, among all and among those
 * taken: the difference grows with each that is not.
 */
async function insertSplitLines(tx: SqlTx, run: PayoutRun, payouts: LinedPayout[]): Promise<void> {
  if (payouts.length === 0) return;
  const balances = Prisma.sql`
    SELECT * FROM unnest(${payouts.map(({ id }) => id)}::text[], ${payouts.map(({ affiliateId }) => affiliateId)}::text[],
                         ${payouts.map(({ currency }) => currency)}::text[],
                         ${payouts.map(({ firstUnlinedSeq }) => firstUnlinedSeq)}::bigint[])
      AS w (payout_id, affiliate_id, currency, first_unlined_seq)`;
  await tx.$executeRaw`
    INSERT INTO payout_lines (payout_id, affiliate_id, currency, first_seq, last_seq, item_count, amount_minor)
    SELECT payout_id, affiliate_id, currency, min(seq), max(seq), count(*), sum(amount_minor)
    FROM (
      SELECT item.*, row_number() OVER (PARTITION BY payout_id ORDER BY seq)
                       - row_number() OVER (PARTITION BY payout_id, is_taken ORDER BY seq) AS stretch
      FROM (${openItems(balances, run.cutOff)}) item
    ) numbered
    WHERE is_taken
    GROUP BY payout_id, affiliate_id, currency, stretch`;
}
