import { Prisma } from '@prisma/client';

/**
 * The payable postings that stand in no live payout line ("unlined"), of the balances in `balances` (a relation with
 * affiliate_id, currency, first_unlined_seq), with `taken` telling whether a run with this cut-off takes them
 * (money.md, "Items"): what a commission earned that became payable by the cut-off or has been in a payout before,
 * anything else by the cut-off, and every deduction whenever it came. Since all deductions are taken, the sum of the
 * taken items never exceeds the payable balance.
 *
 * Reads from `first_unlined_seq` on, so that months that were paid long ago cost nothing.
 */
export function unlinedItems(balances: Prisma.Sql, cutOff: Date): Prisma.Sql {
  return Prisma.sql`
    SELECT p.affiliate_id, p.currency, p.seq, p.amount_minor,
           CASE
             WHEN p.amount_minor < 0 THEN TRUE
             WHEN e.commission_id IS NULL OR e.kind = 'commission_earned' THEN e.occurred_at <= ${cutOff}
             ELSE (
               SELECT first.occurred_at <= ${cutOff} OR EXISTS (
                        SELECT 1 FROM journal_entries e2 JOIN postings p2 ON p2.entry_id = e2.id AND p2.account = 'payable'
                        JOIN payout_lines l2 ON (l2.affiliate_id, l2.currency, l2.seq) = (p2.affiliate_id, p2.currency, p2.seq)
                          AND l2.released_at IS NULL
                        WHERE e2.commission_id = e.commission_id)
               FROM journal_entries first JOIN postings fp ON fp.entry_id = first.id AND fp.account = 'payable' AND fp.amount_minor > 0
               WHERE first.commission_id = e.commission_id ORDER BY fp.seq LIMIT 1)
           END AS taken
    FROM (${balances}) b
    JOIN postings p ON p.affiliate_id = b.affiliate_id AND p.currency = b.currency AND p.seq >= b.first_unlined_seq
    JOIN journal_entries e ON e.id = p.entry_id
    WHERE p.account = 'payable' AND e.kind NOT IN ('payout_reserved', 'payout_returned')
      AND NOT EXISTS (
        SELECT 1 FROM payout_lines l
        WHERE l.affiliate_id = p.affiliate_id AND l.currency = p.currency AND l.seq = p.seq AND l.released_at IS NULL)`;
}
