import { Prisma } from '@prisma/client';

/**
 * A condition: the line `l` stands in the payout `po`. Both the payout's range of sequences and its id are asked for, the
 * first for the index (`payout_lines_one_live`), the second because others may have lines in that range.
 */
export const STANDS_IN_PAYOUT = Prisma.sql`
  l.affiliate_id = po.affiliate_id AND l.currency = po.currency AND l.seq BETWEEN po.first_seq AND po.last_seq
  AND l.payout_id = po.id AND l.released_at IS NULL`;

/** A relation: all lines of a payout, whether they stand or were released. */
export function linesOfPayout(payoutId: string): Prisma.Sql {
  return Prisma.sql`(
    SELECT l.* FROM payouts po JOIN payout_lines l ON ${STANDS_IN_PAYOUT} WHERE po.id = ${payoutId}
    UNION ALL
    SELECT l.* FROM payout_lines l WHERE l.payout_id = ${payoutId} AND l.released_at IS NOT NULL
  )`;
}
