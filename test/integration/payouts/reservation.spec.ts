import { Logger } from '@nestjs/common';
import { Prisma, type PayoutRun } from '@prisma/client';
import pg from 'pg';
import { CUT_OFF, PERIOD, seedLedger, type LedgerShape } from '../../../bench/harness/seed-ledger.js';
import { adjustmentEntry } from '../../../src/commissions/adjustments.service.js';
import { HoldsService } from '../../../src/commissions/holds.service.js';
import { Ledger } from '../../../src/commissions/ledger/ledger.js';
import { openItems } from '../../../src/payouts/eligibility/payout-items.js';
import { PlatformFunds } from '../../../src/payouts/eligibility/platform-funds.js';
import type { PreviewDto } from '../../../src/payouts/preview/preview.dto.js';
import { PayoutReservation } from '../../../src/payouts/runs/payout-reservation.js';
import { PayoutRetry } from '../../../src/payouts/runs/payout-retry.service.js';
import { PayoutOutcomes } from '../../../src/payouts/sending/payout-outcomes.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { setBalance } from '../../setup/payday.js';
import { standStill } from '../../setup/stand-still.js';

const STAFF = { staffUserId: 'finance@example.com', reason: 'looked at' };

let api: TestApp;

beforeEach(async () => {
  api = await startTestApp({ now: '2026-12-01T06:00:00Z', background: false });
});
afterEach(async () => {
  await expectSoundLedger(api);
  await api.close();
});

async function seed(shape: Partial<LedgerShape>): Promise<void> {
  const owner = new pg.Client({ connectionString: api.ownerUrl });
  await owner.connect();
  try {
    await seedLedger(owner, { affiliates: 3, commissionsPerMonth: 5, paidMonths: 0, lastMonth: 'payable', ...shape });
    await owner.query('VACUUM (ANALYZE)');
  } finally {
    await owner.end();
  }
}

const newRun = (period = PERIOD, cutOff = CUT_OFF): Promise<PayoutRun> =>
  api.database.prisma.payoutRun.create({
    data: { id: `run_${period}`, period, cutOff, status: 'reserving', startedAt: CUT_OFF },
  });
const reservation = (of = api): PayoutReservation => of.app.get(PayoutReservation);
const pendingPayouts = () =>
  api.database.prisma.payout.findMany({ where: { status: 'pending' }, orderBy: { id: 'asc' } });
const affiliateNo = async (n: number) =>
  api.database.prisma.affiliate.findFirstOrThrow({ where: { userId: `user-${n}` } });

async function countItems(which: Prisma.PayoutLineWhereInput): Promise<number> {
  const { _sum } = await api.database.prisma.payoutLine.aggregate({ where: which, _sum: { itemCount: true } });
  return _sum.itemCount ?? 0;
}

/** Everybody's whole payable balance is in one payout each, whose lines are exactly what was payable. */
async function expectEverybodyReserved(shape: { affiliates: number; commissionsPerMonth: number }): Promise<void> {
  const payouts = await pendingPayouts();
  expect(new Set(payouts.map(({ affiliateId }) => affiliateId)).size).toBe(shape.affiliates);
  expect(payouts).toHaveLength(shape.affiliates);
  const ofThese = { payoutId: { in: payouts.map(({ id }) => id) } };
  expect(await countItems(ofThese)).toBe(shape.affiliates * shape.commissionsPerMonth);
  expect(await api.database.prisma.balance.count({ where: { payableMinor: { not: 0 } } })).toBe(0);
}

/** What is logged as an error while `work` runs. */
async function alertsDuring(work: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const alerts: Record<string, unknown>[] = [];
  const original = Logger.prototype.error;
  Logger.prototype.error = (message: unknown) => void alerts.push(message as Record<string, unknown>);
  try {
    await work();
  } finally {
    Logger.prototype.error = original;
  }
  return alerts;
}

describe('reserving', () => {
  it('takes up where it was interrupted, and pays nobody twice and forgets nobody', async () => {
    const shape = { affiliates: 1000, commissionsPerMonth: 6 };
    await seed({ ...shape, paidMonths: 1 });
    const run = await newRun();
    const ledger = api.app.get(Ledger);
    const post = ledger.post.bind(ledger);
    let batches = 0;
    ledger.post = (...args) => (++batches === 3 ? Promise.reject(new Error('the power is out')) : post(...args));
    await expect(reservation().reserveAll(run)).rejects.toThrow('the power is out');
    ledger.post = post;
    const reserved = await pendingPayouts();
    expect(reserved.length).toBeGreaterThanOrEqual(250);
    expect(reserved.length).toBeLessThan(1000);

    await reservation().reserveAll(run);
    await expectEverybodyReserved(shape);
    const after = new Set((await pendingPayouts()).map(({ id }) => id));
    expect(reserved.filter(({ id }) => !after.has(id))).toEqual([]);
  });

  it('is done once by several processes at once', async () => {
    const shape = { affiliates: 1000, commissionsPerMonth: 6 };
    await seed(shape);
    const run = await newRun();
    const other = await startTestApp({ databaseUrl: api.database.url, stripe: api.stripe, background: false });
    try {
      const all = [api, other, api, other].map((instance) => reservation(instance).reserveAll(run));
      await Promise.all(all);
    } finally {
      await other.close();
    }
    await expectEverybodyReserved(shape);
  });

  it('keeps whoever ends it waiting until a batch that is under way is written', async () => {
    await seed({ affiliates: 1, commissionsPerMonth: 6 });
    const run = await newRun();
    const posting = standStill(api.app.get(Ledger), 'post');
    const reserving = reservation().reserveAll(run);
    await posting.arrived;
    let hasEnded = false;
    const { payoutRun } = api.database.prisma;
    const ending = payoutRun.updateMany({ where: { id: run.id }, data: { status: 'sending' } }).then(async () => {
      hasEnded = true;
      return pendingPayouts();
    });
    await eventually(async () => {
      const waiting = await api.database.prisma.$queryRaw<unknown[]>`
        SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE%payout_runs%'`;
      expect(hasEnded || waiting.length > 0).toBe(true);
    });
    posting.letGo();
    await reserving;
    expect(await ending).toHaveLength(1);
  });

  it('adds nothing to a run that another process has ended meanwhile', async () => {
    await seed({ affiliates: 1, commissionsPerMonth: 6 });
    const run = await newRun();
    await api.database.prisma.payoutRun.update({ where: { id: run.id }, data: { status: 'awaiting_approval' } });
    await reservation().reserveAll(run);
    expect(await pendingPayouts()).toEqual([]);
  });

  it('forgets no currency of an affiliate in whose middle a batch ends; nor do its preview and its retry', async () => {
    // Whatever a batch holds, one of a size that three does not divide ends within somebody's currencies.
    const shape = { affiliates: 340, commissionsPerMonth: 6 };
    const more = ['eur', 'jpy'];
    await seed(shape);
    await setBalance(api, { usd: 0, eur: 0, jpy: 0 });
    const everybody = await api.database.prisma.affiliate.findMany({ select: { id: true } });
    const given = everybody.flatMap(({ id: affiliateId }) =>
      more.map((currency) => ({
        affiliateId,
        currency,
        amountMinor: 2500n,
        adjustmentId: `${affiliateId}:${currency}`,
      })),
    );
    await api.database.transaction((tx) =>
      api.app.get(Ledger).post(
        tx,
        given.map((one) => adjustmentEntry({ ...one, ...STAFF }, CUT_OFF)),
      ),
    );
    const balances = shape.affiliates * (1 + more.length);
    const preview = await api.request<PreviewDto>('POST', '/v1/payout-runs/preview', { body: { period: PERIOD } });
    expect(preview.body.payouts).toHaveLength(balances);

    const run = await newRun();
    await reservation().reserveAll(run);
    const payouts = await pendingPayouts();
    expect(payouts).toHaveLength(balances);
    expect(await api.database.prisma.balance.count({ where: { payableMinor: { not: 0 } } })).toBe(0);

    await api.database.prisma.payoutRun.update({ where: { id: run.id }, data: { status: 'sending' } });
    const refused = { status: 'failed' as const, failureCode: 'account_invalid', failureMessage: null };
    await api.app.get(PayoutOutcomes).giveBack(payouts, refused);
    expect(await api.app.get(PayoutRetry).retryFailed(PERIOD, STAFF)).toBe(balances);
  });

  it('takes ten thousand items of one affiliate', async () => {
    const shape = { affiliates: 2, commissionsPerMonth: 10_000 };
    await seed(shape);
    await reservation().reserveAll(await newRun());
    await expectEverybodyReserved(shape);
  });

  it('takes what was held until now, but for what a case or an inquiry keeps, over many batches', async () => {
    const shape = { affiliates: 500, commissionsPerMonth: 12 };
    await seed({ ...shape, paidMonths: 1, lastMonth: 'held' });
    const { id: underReview } = await affiliateNo(7);
    await api.database.prisma.reviewCase.create({
      data: { id: 'case_1', affiliateId: underReview, rule: 'test', holds: true, status: 'open', openedAt: CUT_OFF },
    });
    const inquired = await api.database.prisma.commissionHold.findFirstOrThrow({
      where: { affiliateId: { not: underReview } },
    });
    await api.database.prisma.commissionHold.update({
      where: { commissionId: inquired.commissionId },
      data: { inquiryOpen: true },
    });
    expect(await api.app.get(HoldsService).releaseDue(CUT_OFF)).toBe(500 * 12 - 12 - 1);
    await reservation().reserveAll(await newRun());
    expect(await pendingPayouts()).toHaveLength(499);
    expect(await countItems({ releasedAt: null })).toBe(500 * 12 + 500 * 12 - 13);
  });

  it('reads the postings since the last payout, and nothing of the months before', async () => {
    await seed({ affiliates: 40, commissionsPerMonth: 6, paidMonths: 12 });
    const balances = Prisma.sql`SELECT affiliate_id, currency, first_unlined_seq FROM balances`;
    const [row] = await api.database.prisma.$queryRaw<{ 'QUERY PLAN': [{ Plan: PlanNode }] }[]>`
      EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM (${openItems(balances, CUT_OFF)}) item`;
    const read = rowsRead(row!['QUERY PLAN'][0].Plan);
    expect(read).toMatchObject({ postings: 40 * 6, journal_entries: 0 });
    expect(read['payout_lines'] ?? 0).toBe(0);
  });
});

/**
 * A plan made from stale statistics is quick on few rows and hopeless on many: what was touched tells, whatever the time.
 * The seed is vacuumed while nothing is payable and no line is written, so the statistics say that there are none.
 */
describe('statistics that know nothing of what the run itself writes', () => {
  const SHAPE = { affiliates: 500, commissionsPerMonth: 12 };
  const ITEMS = SHAPE.affiliates * SHAPE.commissionsPerMonth;

  /** A process of its own: PostgreSQL adds what a connection touched to its statistics once that ends. */
  async function inAnotherProcess(work: (other: TestApp) => Promise<unknown>): Promise<void> {
    const other = await startTestApp({ databaseUrl: api.database.url, stripe: api.stripe, background: false });
    await work(other).finally(() => other.close());
  }

  /** What was touched of a table or index, once all of its `inserted` rows are accounted for. */
  const touched = (inserted: { table: string; rows: number }, figure: Prisma.Sql) =>
    eventually(async () => {
      const [row] = await api.database.prisma.$queryRaw<{ inserted: number; figure: number }[]>`
        SELECT n_tup_ins::int AS inserted, (${figure})::int AS figure FROM pg_stat_user_tables WHERE relname = ${inserted.table}`;
      expect(row?.inserted).toBe(inserted.rows);
      return row!.figure;
    });

  it('do not make releasing read all that became payable before', async () => {
    await seed({ ...SHAPE, lastMonth: 'held' });
    await inAnotherProcess((other) => other.app.get(HoldsService).releaseDue(CUT_OFF));
    const payableRead = await touched(
      { table: 'postings', rows: 2 * ITEMS + 2 * ITEMS },
      Prisma.sql`SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'postings_items'`,
    );
    expect(payableRead).toBe(0);
  });

  it('do not make reserving read the lines that it has written', async () => {
    await seed({ ...SHAPE, lastMonth: 'held' });
    await api.app.get(HoldsService).releaseDue(CUT_OFF);
    await inAnotherProcess(async (other) => reservation(other).reserveAll(await newRun()));
    const readInOrder = await touched(
      { table: 'payout_lines', rows: SHAPE.affiliates },
      Prisma.sql`SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'payout_lines'`,
    );
    expect(readInOrder).toBe(0);
    await expectEverybodyReserved(SHAPE);
  });

  it('do not make deciding about a balance read what the run has decided about the others', async () => {
    await seed({ ...SHAPE, paidMonths: 2 });
    // Half of them are skipped.
    await api.database.prisma.$executeRaw`
      UPDATE affiliates SET status = 'suspended' WHERE id IN (SELECT id FROM affiliates ORDER BY id LIMIT ${SHAPE.affiliates / 2})`;
    await inAnotherProcess(async (other) => reservation(other).reserveAll(await newRun()));
    const read = await touched(
      { table: 'payout_skips', rows: SHAPE.affiliates / 2 },
      Prisma.sql`SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname IN ('payouts', 'payout_skips')`,
    );
    expect(read).toBeLessThan(4 * SHAPE.affiliates);
    expect(await pendingPayouts()).toHaveLength(SHAPE.affiliates / 2);
  });
});

describe('a balance that does not agree with its postings', () => {
  it.each([
    ['more than they are', 1, 1n],
    ['less than they are', 1, -1n],
    ['something without any', 2, 5000n],
  ])(
    'says %s: nothing is paid on it, staff are alerted, and the others are paid',
    async (_what, n, differenceMinor) => {
      await seed({ affiliates: 3, commissionsPerMonth: 5 });
      const run = await newRun();
      // The second one has been paid already, so that no posting of it is left.
      if (n === 2) {
        const { id } = await affiliateNo(2);
        await api.database.transaction((tx) =>
          reservation().reserveAgain(tx, run, [{ affiliateId: id, currency: 'usd' }], { heldCurrencies: null }),
        );
        await api.database.prisma.payout.updateMany({
          where: { affiliateId: id },
          data: { runId: (await newRun('2026-11')).id },
        });
      }
      const { id: affiliateId } = await affiliateNo(n);
      const skew = (by: bigint) =>
        api.database.prisma.balance.updateMany({ where: { affiliateId }, data: { payableMinor: { increment: by } } });
      const before = await pendingPayouts();
      await skew(differenceMinor);
      const alerts = await alertsDuring(() => reservation().reserveAll(run));
      await skew(-differenceMinor);
      expect(alerts).toMatchObject([{ code: 'payable_mismatch', affiliateId, currency: 'usd' }]);
      const made = (await pendingPayouts()).filter(({ id }) => before.every((payout) => payout.id !== id));
      expect(made).toHaveLength(2);
      expect(made.map((payout) => payout.affiliateId)).not.toContain(affiliateId);
      expect(await api.database.prisma.payoutSkip.count()).toBe(0);
    },
  );
});

describe('a currency', () => {
  /** Stripe's balance lists these; null: nobody can ask. */
  function platformHolds(currencies: string[] | null): void {
    api.app.get(PlatformFunds).findHeldCurrencies = async () => currencies && new Set(currencies);
  }

  it('that the platform never held is skipped, and stays so in this run when it is resumed', async () => {
    await seed({ affiliates: 3 });
    const run = await newRun();
    platformHolds(['eur']);
    await reservation().reserveAll(run);
    platformHolds(['eur', 'usd']);
    await reservation().reserveAll(run);
    expect(await pendingPayouts()).toEqual([]);
    const skips = await api.database.prisma.payoutSkip.findMany();
    expect(skips.map(({ reason }) => reason)).toEqual(Array<string>(3).fill('currency_unavailable'));
    await reservation().reserveAll(await newRun('2027-01'));
    expect(await pendingPayouts()).toHaveLength(3);
  });

  it('is paid when nobody could say what the platform holds', async () => {
    await seed({ affiliates: 3 });
    platformHolds(null);
    await reservation().reserveAll(await newRun());
    expect(await pendingPayouts()).toHaveLength(3);
  });
});

interface PlanNode {
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
}

/** How many rows the plan has read of each table. */
function rowsRead(node: PlanNode, read: Record<string, number> = { journal_entries: 0 }): Record<string, number> {
  const table = node['Relation Name'];
  if (table) {
    const rows = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
    read[table] = (read[table] ?? 0) + Math.round(rows);
  }
  for (const child of node.Plans ?? []) rowsRead(child, read);
  return read;
}
