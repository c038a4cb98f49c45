import pg from 'pg';
import { CUT_OFF, PERIOD, seedLedger } from '../../../bench/harness/seed-ledger.js';
import { CommissionQueries } from '../../../src/commissions/commission-queries.js';
import type { CommissionsQuery } from '../../../src/commissions/commission.dto.js';
import { endOfRange } from '../../../src/http/list-query.js';
import { PayoutReservation } from '../../../src/payouts/runs/payout-reservation.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateOwed, earn } from '../../setup/payday.js';

const DAY_MS = 24 * 60 * 60 * 1000;

let api: TestApp;

afterEach(async () => api.close());

type Filters = Partial<Pick<CommissionsQuery, 'affiliateId' | 'state' | 'from' | 'to'>>;

/** The ids of a whole list, read in small pages. */
async function listed(filters: Filters, limit: number): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.app
      .get(CommissionQueries)
      .list({ ...filters, limit, ...(cursor !== undefined && { cursor }) });
    ids.push(...page.data.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return ids;
}

it('a range of time holds the commissions of the invoices paid in it, whenever they were heard of, newest first', async () => {
  api = await startTestApp({ now: '2026-01-10T12:00:00Z' });
  const affiliateId = await affiliateOwed(api, 'ann', 3000);
  // In days from now: at once, soon enough, long after, and before the clock here says so.
  const paidDaysAgo = [0, 0.02, 30, 0, -3, 0.04, 50, 0.001, -20, 2];
  for (const [index, daysAgo] of paidDaysAgo.entries()) {
    api.clock.set(new Date(Date.UTC(2026, 2 + index, 5, 10)).toISOString());
    await earn(api, 'ann', 1000 + index, { paidAt: new Date(api.clock.now().getTime() - daysAgo * DAY_MS) });
  }
  const all = await api.database.prisma.commission.findMany({ orderBy: { id: 'desc' } });
  expect(all).toHaveLength(paidDaysAgo.length + 1);
  const days = ['2026-03-05', '2026-06-20', '2026-08-05T10:00:00Z', '2026-11-14'];
  const bounds = [undefined, ...days];
  for (const from of bounds) {
    for (const to of bounds) {
      const expected = all.filter(
        ({ invoicePaidAt }) =>
          (from === undefined || invoicePaidAt >= new Date(from)) &&
          (to === undefined || invoicePaidAt < endOfRange(to)),
      );
      const range = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
      for (const owner of [{ affiliateId }, {}]) {
        expect([range, await listed({ ...owner, ...range }, 4)]).toEqual([range, expected.map(({ id }) => id)]);
      }
    }
  }
});

it('a state that many have is found behind what came since, and goes with its payout', async () => {
  api = await startTestApp({ now: CUT_OFF.toISOString(), background: false });
  const owner = new pg.Client({ connectionString: api.ownerUrl });
  await owner.connect();
  await seedLedger(owner, { affiliates: 1, commissionsPerMonth: 1100, paidMonths: 2, lastMonth: 'payable' });
  await owner.end();
  const all = await api.database.prisma.commission.findMany({ orderBy: { id: 'desc' } });
  const [{ affiliateId }] = all as [(typeof all)[0]];
  const ids = all.map(({ id }) => id);
  const [thisMonth, before] = [ids.slice(0, 1100), ids.slice(1100)];
  expect(await listed({ affiliateId, state: 'paid' }, 1000)).toEqual(before);
  expect(await listed({ affiliateId, state: 'in_payout' }, 1000)).toEqual([]);

  const run = await api.database.prisma.payoutRun.create({
    data: { id: 'run_1', period: PERIOD, cutOff: CUT_OFF, status: 'reserving', startedAt: CUT_OFF },
  });
  await api.app.get(PayoutReservation).reserveAll(run);
  expect(await listed({ affiliateId, state: 'in_payout' }, 1000)).toEqual(thisMonth);
  expect(await listed({ affiliateId, state: 'paid' }, 1000)).toEqual(before);
});
