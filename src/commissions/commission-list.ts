import { Prisma } from '@prisma/client';
import type { SqlTx } from '../database/sql-transaction.js';
import type { PageQuery } from '../http/page-query.dto.js';
import { selectCommissions, type CommissionRow } from './commission-state.js';
import type { CommissionsQuery, CommissionState } from './commission.dto.js';
import { paidWithin } from './paid-within.js';
import { ALL_COMMISSIONS, mayHaveState, type Candidates } from './state-candidates.js';

export type CommissionFilters = Omit<CommissionsQuery, 'format' | keyof PageQuery>;

/** Commissions whose states are worked out at once, at most. */
const BATCH_MAX = 1000;
/** By so much a batch is larger than the one before, at most, where few of that had the state. */
const BATCH_GROWTH = 4;

/** The newest commissions that fit, one more than asked, if there are; what belongs together is read in one snapshot `tx`. */
export async function newestCommissions(tx: SqlTx, query: CommissionFilters & PageQuery): Promise<CommissionRow[]> {
  const { state, affiliateId } = query;
  const candidates = state ? await mayHaveState(tx, state, affiliateId) : ALL_COMMISSIONS;
  const filters = [candidates.where];
  if (query.cursor) filters.push(Prisma.sql`c.id < ${query.cursor}`);
  if (affiliateId) filters.push(Prisma.sql`c.affiliate_id = ${affiliateId}`);
  if (query.currency) filters.push(Prisma.sql`c.currency = ${query.currency}`);
  if (query.referralId) filters.push(Prisma.sql`c.referral_id = ${query.referralId}`);
  const rows: CommissionRow[] = [];
  for (const part of paidWithin(query)) {
    const where = Prisma.join([...filters, part], ' AND ');
    rows.push(...(await newestOf(tx, { candidates, where, state, limit: query.limit + 1 - rows.length })));
  }
  return rows;
}

/** The newest of them that have the state: the ids first, then what they are, batch by batch until there are enough. */
async function newestOf(
  tx: SqlTx,
  given: { candidates: Candidates; where: Prisma.Sql; state: CommissionState | undefined; limit: number },
): Promise<CommissionRow[]> {
  const { candidates, where, state, limit } = given;
  const rows: CommissionRow[] = [];
  let before = Prisma.sql`TRUE`;
  let size = limit;
  while (rows.length < limit) {
    const ids = await newestIds(tx, candidates, Prisma.sql`${where} AND ${before}`, size);
    const last = ids.at(-1);
    if (last === undefined) break;
    const found = await selectCommissions(tx, ids);
    const fitting = found.filter((row) => state === undefined || row.state === state);
    rows.push(...fitting);
    if (ids.length < size) break;
    before = Prisma.sql`c.id < ${last}`;
    // As many as hold what is missing, if the next ones are like these.
    const expected = Math.ceil(((limit - rows.length) * ids.length) / fitting.length);
    size = Math.min(expected, size * BATCH_GROWTH, BATCH_MAX);
  }
  return rows.slice(0, limit);
}

async function newestIds(tx: SqlTx, { ids }: Candidates, where: Prisma.Sql, limit: number): Promise<string[]> {
  if (ids?.length === 0) return [];
  // Few among many are looked up: how far apart they lie in an index that has the order, no planner knows.
  const from = ids
    ? Prisma.sql`
        unnest(${ids}::text[]) candidate (id)
        CROSS JOIN LATERAL (SELECT * FROM commissions c WHERE c.id = candidate.id OFFSET 0) c`
    : Prisma.sql`commissions c`;
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT c.id FROM ${from} WHERE ${where} ORDER BY c.id DESC LIMIT ${limit}`;
  return rows.map(({ id }) => id);
}
