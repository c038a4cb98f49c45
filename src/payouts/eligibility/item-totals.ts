import { Prisma } from '@prisma/client';
import { openItems } from './payout-items.js';

/**
 * What the open items of one balance come to, as a relation of one row for the balance in `balance` (affiliate_id, currency,
 * first_unlined_seq): what is in no payout yet, and what a run with this cut-off takes of it, by the rule of `openItems`.
 *
 * A run nearly always takes all there is. Whether it does is asked first, of the sums alone: no item lies in a line, none
 * became payable after the cut-off. Deciding about each of millions of items, one by one, takes more than twice as long as
 * reading them; that is left to balances of which something stays behind.
 */
export function itemTotals(balance: Prisma.Sql, cutOff: Date): Prisma.Sql {
  const items = openItems(
    Prisma.sql`SELECT ${balance}.affiliate_id, ${balance}.currency, ${balance}.first_unlined_seq`,
    cutOff,
  );
  return Prisma.sql`
    WITH whole AS MATERIALIZED (
      SELECT all_open.*, NOT all_open.leaves_any AND NOT EXISTS (
        SELECT 1 FROM payout_lines l
        WHERE l.affiliate_id = ${balance}.affiliate_id AND l.currency = ${balance}.currency
          AND l.last_seq >= ${balance}.first_unlined_seq AND l.released_at IS NULL
      ) AS is_all
      FROM (
        SELECT coalesce(sum(p.amount_minor), 0)::bigint AS amount, count(*)::int AS n, min(p.seq) AS first_seq, max(p.seq) AS last_seq,
               coalesce(bool_or(p.payable_since > ${cutOff} AND p.amount_minor > 0), FALSE) AS leaves_any
        FROM postings p
        WHERE p.affiliate_id = ${balance}.affiliate_id AND p.currency = ${balance}.currency
          AND p.seq >= ${balance}.first_unlined_seq AND p.payable_since IS NOT NULL
      ) all_open
    )
    SELECT amount AS unlined, amount AS taken, n AS taken_count, first_seq AS first_taken_seq, last_seq AS last_taken_seq,
           NULL::bigint AS first_left_seq, FALSE AS is_split
    FROM whole WHERE is_all
    UNION ALL
    SELECT coalesce(sum(amount_minor) FILTER (WHERE NOT is_lined), 0)::bigint,
           coalesce(sum(amount_minor) FILTER (WHERE is_taken), 0)::bigint,
           count(*) FILTER (WHERE is_taken)::int,
           min(seq) FILTER (WHERE is_taken),
           max(seq) FILTER (WHERE is_taken),
           min(seq) FILTER (WHERE NOT is_taken AND NOT is_lined),
           coalesce(min(seq) FILTER (WHERE NOT is_taken) < max(seq) FILTER (WHERE is_taken), FALSE)
    FROM (${items}) item
    HAVING NOT (SELECT is_all FROM whole)`;
}
