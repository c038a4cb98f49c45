import { Prisma } from '@prisma/client';
import { firstIdAt } from '../common/ids.js';
import type { SqlTx } from '../database/sql-transaction.js';
import type { CommissionState } from './commission.dto.js';
import { IS_ITEM_OF_LINE } from './payout-lines.js';

/** Of a state that more commissions than this may have, a page is soon found among all of them. */
const RARE_MAX = 2000;
/** How many payouts of a status are asked what stands in them where no affiliate is named. */
const PAYOUTS_ASKED = 500;
/** Where so many balances have something payable, a page of what is payable is soon found. */
const PAYABLE_BALANCES = 200;
/**
 * By so much an id's time may be ahead of the clock that a payout's time was read from: the clocks of two instances may be an
 * hour apart. What was made meanwhile is passed by, and on a busy day that is much.
 */
const CLOCK_SLACK_MS = 2 * 60 * 60 * 1000;

/** In payouts of which status the money of a commission may lie. That of one that was reversed whole may be in a later one. */
const PAYOUTS_OF: Partial<Record<CommissionState, string[]>> = {
  in_payout: ['pending', 'reversed'],
  paid: ['paid', 'reversed'],
};

/**
 * What every commission of a state has, where many have it: that costs less to ask than the state. They are subqueries, since
 * what is joined may be asked afterwards.
 */
const CHEAP_SIGNS: Partial<Record<CommissionState, Prisma.Sql>> = {
  held: Prisma.sql`(SELECT TRUE FROM commission_holds hold WHERE hold.commission_id = c.id)`,
  reversed: Prisma.sql`(
    SELECT TRUE FROM journal_entries reversal
    WHERE reversal.commission_id = c.id AND reversal.kind = 'commission_reversed' LIMIT 1)`,
};

/** Which commissions `c` a list is about: those of these ids, where they are known, that fit the condition. */
export interface Candidates {
  ids?: string[];
  where: Prisma.Sql;
}
export const ALL_COMMISSIONS: Candidates = { where: Prisma.sql`TRUE` };

/**
 * A state is stored nowhere, so a list of a rare one would work out that of every commission there is, and a list of what
 * is paid that of all that came since. This says which commissions `c` of an affiliate, or of all where none is named, may
 * have the state, by what the state leaves behind: a hold, a payout's lines, a posting that no payout has taken, a reversal.
 * Which of them really have it is the caller's to work out.
 */
export async function mayHaveState(
  tx: SqlTx,
  state: CommissionState,
  affiliateId: string | undefined,
): Promise<Candidates> {
  if (state === 'payable' && affiliateId === undefined && (await manyArePayable(tx))) return ALL_COMMISSIONS;
  const statuses = PAYOUTS_OF[state];
  if (statuses) {
    const { items, lastReservedAt } = await lined(tx, affiliateId, statuses);
    if (!lastReservedAt) return { ids: [], where: Prisma.sql`TRUE` };
    // What came later than the last payout of that kind was reserved is in none of them.
    if (items > RARE_MAX) {
      const end = new Date(lastReservedAt.getTime() + CLOCK_SLACK_MS);
      return { where: Prisma.sql`c.id < ${firstIdAt('commission', end)}` };
    }
  }
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM (${candidates(state, affiliateId)}) candidate LIMIT ${RARE_MAX + 1}`;
  if (rows.length <= RARE_MAX) return { ids: [...new Set(rows.map(({ id }) => id))], where: Prisma.sql`TRUE` };
  return { where: CHEAP_SIGNS[state] ?? Prisma.sql`TRUE` };
}

/** Reads balances until there are enough: all of them, which are far fewer than commissions, only where few are. */
async function manyArePayable(tx: SqlTx): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM balances WHERE payable_minor > 0 ORDER BY affiliate_id, currency LIMIT ${PAYABLE_BALANCES}`;
  return rows.length === PAYABLE_BALANCES;
}

/**
 * How many items stand in the affiliate's payouts of these statuses, and when the last of the payouts was reserved. Of all
 * affiliates only the newest payouts are asked: those tell whether there are many.
 */
async function lined(
  tx: SqlTx,
  affiliateId: string | undefined,
  statuses: string[],
): Promise<{ items: number; lastReservedAt: Date | null }> {
  const own = Prisma.sql`
    SELECT id, created_at FROM payouts WHERE affiliate_id = ${affiliateId} AND status = ANY (${statuses}::text[])`;
  const newest = statuses.map(
    (status) =>
      Prisma.sql`(SELECT id, created_at FROM payouts WHERE status = ${status} ORDER BY id DESC LIMIT ${PAYOUTS_ASKED})`,
  );
  const [found] = await tx.$queryRaw<{ items: number; lastReservedAt: Date | null }[]>`
    SELECT coalesce(sum(l.item_count), 0)::int AS items, max(po.created_at) AS "lastReservedAt"
    FROM (${affiliateId === undefined ? Prisma.join(newest, ' UNION ALL ') : own}) po
    JOIN payout_lines l ON l.payout_id = po.id AND l.released_at IS NULL`;
  return found ?? { items: 0, lastReservedAt: null };
}

function candidates(state: CommissionState, affiliateId: string | undefined): Prisma.Sql {
  switch (state) {
    case 'held':
      return Prisma.sql`SELECT h.commission_id AS id FROM commission_holds h WHERE ${isOf(affiliateId, 'h')}`;
    case 'payable':
      return Prisma.sql`${unlined(affiliateId)} UNION ALL ${inPayouts(affiliateId, ['reversed'])}`;
    case 'in_payout':
    case 'paid':
      return inPayouts(affiliateId, PAYOUTS_OF[state] ?? []);
    case 'reversed':
      return Prisma.sql`
        SELECT e.commission_id AS id FROM journal_entries e
        WHERE ${isOf(affiliateId, 'e')} AND e.kind = 'commission_reversed'`;
  }
}

/** What stands in payouts of these statuses. */
function inPayouts(affiliateId: string | undefined, statuses: string[]): Prisma.Sql {
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
    WHERE ${isOf(affiliateId, 'po')} AND po.status = ANY (${statuses}::text[]) AND e.commission_id IS NOT NULL`;
}

/** What no payout has taken: it lies from the balance's first sequence without a line on. */
function unlined(affiliateId: string | undefined): Prisma.Sql {
  return Prisma.sql`
    SELECT e.commission_id AS id
    FROM (SELECT * FROM balances b WHERE ${isOf(affiliateId, 'b')} ORDER BY b.affiliate_id, b.currency) b
    CROSS JOIN LATERAL (
      SELECT own.commission_id
      FROM postings p JOIN journal_entries own ON own.id = p.entry_id
      WHERE p.affiliate_id = b.affiliate_id AND p.currency = b.currency AND p.seq >= b.first_unlined_seq
        AND p.account = 'payable' AND p.amount_minor > 0
      OFFSET 0
    ) e
    WHERE e.commission_id IS NOT NULL`;
}

function isOf(affiliateId: string | undefined, table: 'b' | 'e' | 'h' | 'po'): Prisma.Sql {
  return affiliateId === undefined ? Prisma.sql`TRUE` : Prisma.sql`${Prisma.raw(table)}.affiliate_id = ${affiliateId}`;
}
