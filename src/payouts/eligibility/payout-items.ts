import { Prisma } from '@prisma/client';
import { lineOf } from '../../commissions/payout-lines.js';

/**
 * The items of the balances in `balances` (a relation with affiliate_id, currency, first_unlined_seq) from
 * `first_unlined_seq` on, in the order of posting. `is_lined` tells which stand in a live payout line, `is_taken` which of
 * the others a run with this cut-off takes: what a commission earned that became payable by the
 * cut-off or has been in a payout before, anything else by the cut-off, and every deduction whenever it came. Since all
 * deductions are taken, the sum of the taken items never exceeds the payable balance. Beside them stand all columns of
 * `balances`.
 *
 * Months that were paid long ago cost nothing, and indexes answer it all. Each balance is looked up by itself (LATERAL …
 * OFFSET 0), because the planner, which cannot know how little of a balance lies behind that sequence, would otherwise
 * read every posting there ever was. Behind it hardly anything is lined, so a balance's lines are looked up once, not
 * once for each item.
 */
export function openItems(balances: Prisma.Sql, cutOff: Date): Prisma.Sql {
  return Prisma.sql`
    SELECT i.*,
           CASE WHEN i.is_lined THEN FALSE
                WHEN i.amount_minor < 0 OR i.payable_since <= ${cutOff} THEN TRUE
                ELSE ${hasBeenInPayout(Prisma.sql`(i.affiliate_id, i.currency, i.seq)`)} END AS is_taken
    FROM (
      SELECT b.*, p.seq, p.amount_minor, p.payable_since, lined.ranges IS NOT NULL AND lined.ranges @> p.seq AS is_lined
      FROM (${balances}) b
      CROSS JOIN LATERAL (
        SELECT range_agg(int8range(l.first_seq, l.last_seq, '[]')) AS ranges FROM payout_lines l
        WHERE l.affiliate_id = b.affiliate_id AND l.currency = b.currency AND l.last_seq >= b.first_unlined_seq
          AND l.released_at IS NULL
      ) lined
      CROSS JOIN LATERAL (
        SELECT p.seq, p.amount_minor, p.payable_since FROM postings p
        WHERE p.affiliate_id = b.affiliate_id AND p.currency = b.currency AND p.seq >= b.first_unlined_seq
          AND p.payable_since IS NOT NULL
        ORDER BY p.seq
        OFFSET 0
      ) p
    ) i`;
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
    JOIN postings p2 ON p2.entry_id = other.id AND p2.account = 'payable'
    CROSS JOIN LATERAL (${lineOf('p2', 'p2.seq')}) l2
    WHERE (own.affiliate_id, own.currency, own.seq) = ${posting})`;
}
