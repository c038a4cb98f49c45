import { Prisma } from '@prisma/client';

/**
 * The live payout line in which a posting stands, with its `payout_id`, or none. For a LATERAL join, or EXISTS. Live lines
 * of a balance never overlap, so that only the first one that ends at the posting or behind it can hold it: one look-up.
 *
 * @param balance the relation whose `affiliate_id` and `currency` say which balance the posting is of.
 * @param seq the column with the posting's sequence, as `p.seq`.
 */
export function lineOf(balance: string, seq: string): Prisma.Sql {
  return Prisma.sql`
    SELECT nearest.payout_id FROM (
      SELECT pl.payout_id, pl.first_seq FROM payout_lines pl
      WHERE pl.affiliate_id = ${Prisma.raw(balance)}.affiliate_id AND pl.currency = ${Prisma.raw(balance)}.currency
        AND pl.last_seq >= ${Prisma.raw(seq)} AND pl.released_at IS NULL
      ORDER BY pl.last_seq LIMIT 1
    ) nearest
    WHERE nearest.first_seq <= ${Prisma.raw(seq)}`;
}

/** A condition: the posting `p` is an item of the line `l`. What else lies between the line's ends is none. */
export const IS_ITEM_OF_LINE = Prisma.sql`
  p.affiliate_id = l.affiliate_id AND p.currency = l.currency AND p.seq BETWEEN l.first_seq AND l.last_seq
  AND p.payable_since IS NOT NULL`;
