import { Prisma } from '@prisma/client';
import { lineOf } from './payout-lines.js';

/**
 * The payout in which the money of the payout `first` lies now, with its status, when the transfer of `first` was reversed
 * whole: the money goes the way of what was posted back, which a later payout may have taken, and so on. The last one is
 * `reversed` itself where its money is payable again. For a LATERAL join.
 */
export const PAYOUT_NOW = Prisma.sql`
  WITH RECURSIVE way AS (
    SELECT first.id, first.status, 1 AS step WHERE first.status = 'reversed'
    UNION ALL
    SELECT again.id, again.status, way.step + 1
    FROM way CROSS JOIN LATERAL (
      SELECT next.id, next.status
      FROM journal_entries e JOIN postings p ON p.entry_id = e.id AND p.account = 'payable'
      CROSS JOIN LATERAL (${lineOf('p', 'p.seq')}) l
      JOIN payouts next ON next.id = l.payout_id
      WHERE way.status = 'reversed' AND e.payout_id = way.id AND e.kind = 'payout_reversed'
      ORDER BY p.seq DESC LIMIT 1
    ) again
  )
  SELECT id, status FROM way ORDER BY step DESC LIMIT 1`;
