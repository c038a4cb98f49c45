import { Prisma } from '@prisma/client';

/**
 * The payable postings that stand in no live payout line ("unlined"), of the balances in `balances` (a relation with
 * affiliate_id, currency, first_unlined_seq), with `taken` telling whether a run with this cut-off takes them
 * (money.md, "Items"): what a commission earned that became payable by the cut-off or has been in a payout before,
 * anything else by the cut-off, and every deduction whenever it came. Since all deductions are taken, the sum of the
 * taken items never exceeds the payable balance. Beside them stand all columns of `balances`.
 *
 * Reads from `first_unlined_seq` on, so that months that were paid long ago cost nothing, and reads indexes only. Each
 * balance is looked up by itself (LATERAL … OFFSET 0), because the planner, which cannot know how little of a balance
 * lies behind that sequence, would otherwise read every posting there ever was.
 */
export function unlinedItems(balances: Prisma.Sql, cutOff: Date): Prisma.Sql {
  return Prisma.sql`
    SELECT b.*, item.seq, item.amount_minor,
           CASE WHEN item.amount_minor < 0 OR item.payable_since <= ${cutOff} THEN TRUE
                ELSE ${hasBeenInPayout(Prisma.sql`(b.affiliate_id, b.currency, item.seq)`)} END AS taken
    FROM (${balances}) b
    CROSS JOIN LATERAL (
      SELECT p.seq, p.amount_minor, p.payable_since FROM postings p
      WHERE p.affiliate_id = b.affiliate_id AND p.currency = b.currency AND p.seq >= b.first_unlined_seq
        AND p.payable_since IS NOT NULL
        AND NOT EXISTS (
          SELECT 1 FROM payout_lines l
          WHERE l.affiliate_id = b.affiliate_id AND l.currency = b.currency AND l.seq >= b.first_unlined_seq
            AND l.seq = p.seq AND l.released_at IS NULL)
      ORDER BY p.seq
      OFFSET 0
    ) item`;
}

/** The same decision about one item, for whoever knows what its commission has been through. */
export function isTaken(
  { amountMinor, payableSince }: { amountMinor: bigint; payableSince: Date },
  cutOff: Date,
  hasBeenInPayout: () => boolean,
): boolean {
  return amountMinor < 0n || payableSince <= cutOff || hasBeenInPayout();
}

/** Whether another posting of this posting's commission stands in a live payout line. Asked of few: see its caller. */
function hasBeenInPayout(posting: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`EXISTS (
    SELECT 1 FROM postings own
    JOIN journal_entries e ON e.id = own.entry_id
    JOIN journal_entries other ON other.commission_id = e.commission_id
    JOIN postings p2 ON p2.entry_id = other.id
    JOIN payout_lines l2 ON (l2.affiliate_id, l2.currency, l2.seq) = (p2.affiliate_id, p2.currency, p2.seq)
    WHERE (own.affiliate_id, own.currency, own.seq) = ${posting} AND l2.released_at IS NULL)`;
}
