import { Prisma } from '@prisma/client';
import type { Tx } from '../database/database.js';
import type { CommissionState } from './commission.dto.js';
import { IS_ITEM_OF_LINE } from './payout-lines.js';

/** Of a state that more commissions than this may have, a page is soon found among all of them. */
const RARE_MAX = 2000;

/**
 * A state is stored nowhere, so a list of a rare one would work out that of every commission there is. This finds those of
 * an affiliate that may have it, by what the state leaves behind: a hold, a payout's lines, a posting that no payout has
 * taken, a reversal. Which of them really have it is the caller's to work out.
 *
 * @returns their ids, some perhaps more than once; null when there are so many that the state is not rare.
 */
export async function findRareCandidates(
  tx: Tx,
  state: CommissionState,
  affiliateId: string,
): Promise<string[] | null> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM (${mayHave(state, affiliateId)}) candidate LIMIT ${RARE_MAX + 1}`;
  return rows.length > RARE_MAX ? null : rows.map(({ id }) => id);
}

function mayHave(state: CommissionState, affiliateId: string): Prisma.Sql {
  switch (state) {
    case 'held':
      return Prisma.sql`SELECT h.commission_id AS id FROM commission_holds h WHERE h.affiliate_id = ${affiliateId}`;
    case 'payable':
      return Prisma.sql`${unlined(affiliateId)} UNION ALL ${inPayouts(affiliateId, ['reversed'])}`;
    // The money of a payout that was reversed whole may lie in a later one.
    case 'in_payout':
      return inPayouts(affiliateId, ['pending', 'reversed']);
    case 'paid':
      return inPayouts(affiliateId, ['paid', 'reversed']);
    case 'reversed':
      return Prisma.sql`
        SELECT e.commission_id AS id FROM journal_entries e
        WHERE e.affiliate_id = ${affiliateId} AND e.kind = 'commission_reversed'`;
  }
}

/** What stands in payouts of these statuses. */
function inPayouts(affiliateId: string, statuses: string[]): Prisma.Sql {
  return Prisma.sql`
    SELECT e.commission_id AS id
    FROM payouts po
    JOIN payout_lines l ON l.payout_id = po.id AND l.released_at IS NULL
    CROSS JOIN LATERAL (
      SELECT own.commission_id
      FROM postings p JOIN journal_entries own ON own.id = p.entry_id
      WHERE ${IS_ITEM_OF_LINE}
      OFFSET 0
    ) e
    WHERE po.affiliate_id = ${affiliateId} AND po.status = ANY (${statuses}::text[]) AND e.commission_id IS NOT NULL`;
}

/** What no payout has taken: it lies from the balance's first sequence without a line on. */
function unlined(affiliateId: string): Prisma.Sql {
  return Prisma.sql`
    SELECT e.commission_id AS id
    FROM balances b
    CROSS JOIN LATERAL (
      SELECT own.commission_id
      FROM postings p JOIN journal_entries own ON own.id = p.entry_id
      WHERE p.affiliate_id = b.affiliate_id AND p.currency = b.currency AND p.seq >= b.first_unlined_seq
        AND p.account = 'payable' AND p.amount_minor > 0
      OFFSET 0
    ) e
    WHERE b.affiliate_id = ${affiliateId} AND e.commission_id IS NOT NULL`;
}
