import { AdjustmentsService } from '../../../src/commissions/adjustments.service.js';
import { PayoutPreviewService } from '../../../src/payouts/preview/payout-preview.service.js';
import type { PreviewDecision } from '../../../src/payouts/preview/preview-decisions.js';
import type { Listed } from '../../../src/payouts/preview/preview-digest.js';
import type { PreviewDto } from '../../../src/payouts/preview/preview.dto.js';
import { PayoutQueries } from '../../../src/payouts/payout-queries.js';
import { PayoutRunsService } from '../../../src/payouts/runs/payout-runs.service.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { onboard } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { namesOf, pay, sell, tell } from '../../setup/sales.js';
import { disputeOf } from '../../setup/webhooks.js';

let api: TestApp;

beforeEach(async () => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z' });
});
afterEach(async () => {
  await expectSoundLedger(api);
  await api.close();
});

const preview = async (period = '2026-12', asOf?: string): Promise<PreviewDto> => {
  const { status, body } = await api.request<PreviewDto>('POST', '/v1/payout-runs/preview', {
    body: { period, ...(asOf && { asOf }) },
  });
  expect(status).toBe(200);
  return body;
};
const run = (period: string) =>
  api.app.get(PayoutRunsService).run({ period, cutOff: new Date(`${period}-01T06:00:00Z`) });
const setBalance = (available: Record<string, number>) =>
  fetch(`${api.stripe.url}/_emulator/balance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(available),
  });

/** An affiliate that has earned all of one invoice. */
async function owed(
  name: string,
  total: number,
  { onboarded = true, currency }: { onboarded?: boolean; currency?: string } = {},
): Promise<string> {
  const { affiliateId } = await sell(api, name, { rateBps: 10_000, total, currency });
  if (onboarded) await onboard(api, affiliateId);
  return affiliateId;
}

function adjust(affiliateId: string, amountMinor: bigint): Promise<boolean> {
  const reason = { adjustmentId: `${affiliateId}:${amountMinor}`, staffUserId: 'staff', reason: 'a test' };
  return api.database.transaction((tx) =>
    api.app.get(AdjustmentsService).adjust(tx, { ...reason, affiliateId, currency: 'usd', amountMinor }),
  );
}

async function openCase(affiliateId: string): Promise<void> {
  const opened = { rule: 'conversion_rate', holds: true, status: 'open', openedAt: api.clock.now() };
  await api.database.prisma.reviewCase.create({ data: { id: 'case_1', affiliateId, ...opened } });
}

const reasonsOf = (skipped: { affiliateId: string; reason: string }[]) =>
  Object.fromEntries(skipped.map(({ affiliateId, reason }) => [affiliateId, reason]));

/** A customer of the affiliate pays again. */
async function earnAgain(name: string, month: string, total: number): Promise<void> {
  const { userId, customer } = namesOf(name);
  await pay(api, {
    id: `in_${name}_${month}`,
    payment: `pi_${name}_${month}`,
    customer,
    userId,
    total,
    paidAt: new Date(`${month}-20T12:00:00Z`),
  });
}

describe('a preview', () => {
  it('names every reason for which somebody is skipped, and the run then decides the same', async () => {
    await setBalance({ usd: 1_000_000, eur: 0 });
    const paid = await owed('paid', 3000);
    const waits = await owed('waits', 3000, { currency: 'eur' });
    const restricted = await owed('restricted', 3000);
    const { stripeAccountId } = await api.database.prisma.affiliate.findUniqueOrThrow({ where: { id: restricted } });
    await fetch(`${api.stripe.url}/_emulator/accounts/${stripeAccountId}/restrict`, { method: 'POST' });
    await api.settle();
    const suspended = await owed('suspended', 3000);
    await api.request('PATCH', `/v1/affiliates/${suspended}`, { body: { status: 'suspended' } });
    const reviewed = await owed('reviewed', 3000);
    await openCase(reviewed);
    const negative = await owed('negative', 3000);
    await adjust(negative, -3001n);
    const exotic = await owed('exotic', 30_000, { currency: 'kwd' });
    const expected = {
      [await owed('small', 2499)]: 'below_minimum',
      [negative]: 'negative_balance',
      [await owed('stranger', 3000, { onboarded: false })]: 'not_onboarded',
      [restricted]: 'account_restricted',
      [suspended]: 'suspended',
      [reviewed]: 'under_review',
      [exotic]: 'currency_unavailable',
    };

    const shown = await preview();
    expect(shown.payouts).toEqual(
      [
        { affiliateId: paid, amount: 3000, currency: 'usd' },
        { affiliateId: waits, amount: 3000, currency: 'eur' },
      ].sort((a, b) => (a.affiliateId < b.affiliateId ? -1 : 1)),
    );
    expect(reasonsOf(shown.skipped)).toEqual(expected);
    expect(shown.totals).toEqual([
      { currency: 'eur', count: 1, amount: 3000 },
      { currency: 'usd', count: 1, amount: 3000 },
    ]);
    expect(shown.funds).toEqual([
      { currency: 'eur', available: 0, needed: 3000, pending: 0, missing: 3000 },
      { currency: 'usd', available: 1_000_000, needed: 3000, pending: 0, missing: 0 },
    ]);
    expect(shown.changes).toBeNull();
    expect(await api.database.prisma.payout.count()).toBe(0);

    await run('2026-12');
    expect(reasonsOf(await api.database.prisma.payoutSkip.findMany())).toEqual(expected);
  });

  it('leaves out a hold that an open inquiry keeps, as the run does', async () => {
    await sell(api, 'asked', { plan: { rateBps: 10_000, holdDays: 5 }, total: 3000 });
    expect((await preview()).skipped).toMatchObject([{ amount: 3000, reason: 'not_onboarded' }]);
    await tell(
      api,
      'charge.dispute.created',
      disputeOf(api, { payment: namesOf('asked').payment, amount: 3000, status: 'warning_needs_response' }),
    );
    expect((await preview()).skipped).toEqual([]);
  });

  it('counts a deduction beside a hold that comes due, where the balance itself comes to nothing', async () => {
    const { affiliateId } = await sell(api, 'mixed', { plan: { rateBps: 10_000, holdDays: 5 }, total: 5000 });
    await adjust(affiliateId, -1000n);
    api.clock.set('2026-12-05T00:00:00Z');
    await adjust(affiliateId, 1000n);
    expect((await preview()).skipped).toMatchObject([{ affiliateId, amount: 4000 }]);
  });

  it('answers without Stripe: nothing is said about what is available, and no currency is judged', async () => {
    await setBalance({ usd: 1 });
    await owed('exotic', 30_000, { currency: 'kwd' });
    api.stripe.faults.add({ kind: 'error_500', method: 'GET', path: '/v1/balance' });
    const { payouts, skipped, funds } = await preview();
    expect(skipped).toEqual([]);
    expect(payouts).toMatchObject([{ amount: 30_000, currency: 'kwd' }]);
    expect(funds).toEqual([{ currency: 'kwd', available: null, needed: 30_000, pending: 0, missing: null }]);
  });

  it('says what earlier payouts still wait for, since they go first', async () => {
    await owed('late', 3000);
    await setBalance({ usd: 1000 });
    await run('2026-12');
    await earnAgain('late', '2026-12', 4000);
    const { funds } = await preview('2027-01');
    expect(funds).toEqual([{ currency: 'usd', available: 1000, needed: 4000, pending: 3000, missing: 6000 }]);
  });
});

describe('the changes since the last run', () => {
  it('tell of each affiliate what it was and is, and add up to the change of the sum', async () => {
    const more = await owed('more', 3000);
    const less = await owed('less', 5000);
    await owed('same', 2600);
    const gone = await owed('gone', 4000);
    const small = await owed('small', 1000);
    const stranger = await owed('stranger', 3000, { onboarded: false });
    await run('2026-12');
    for (const [name, amount] of [
      ['more', 3500],
      ['less', 4000],
      ['same', 2600],
      ['small', 2000],
    ] as const)
      await earnAgain(name, '2026-12', amount);
    await api.request('PATCH', `/v1/affiliates/${stranger}`, { body: { status: 'suspended' } });
    api.clock.set('2026-12-21T00:00:00Z');
    const fresh = await owed('fresh', 7000);

    const { changes, totals } = await preview('2027-01');
    expect(changes).toMatchObject({ period: '2026-12', runId: expect.stringMatching(/^run_/) });
    expect(changes?.sums).toEqual([
      { currency: 'usd', change: 'new', count: 2, difference: 10_000 },
      { currency: 'usd', change: 'gone', count: 1, difference: -4000 },
      { currency: 'usd', change: 'more', count: 1, difference: 500 },
      { currency: 'usd', change: 'less', count: 1, difference: -1000 },
      { currency: 'usd', change: 'same', count: 1, difference: 0 },
      { currency: 'usd', change: 'other_reason', count: 1, difference: 0 },
    ]);
    // Then: 3000 + 5000 + 2600 + 4000.
    expect(changes?.sums.reduce((sum, { difference }) => sum + difference, 0)).toBe((totals[0]?.amount ?? 0) - 14_600);
    const of = (id: string) => changes?.affiliates.find(({ affiliateId }) => affiliateId === id);
    const paidBefore = { statusBefore: 'paid', reasonBefore: null };
    expect(of(more)).toMatchObject({ change: 'more', amountBefore: 3000, amountNow: 3500, ...paidBefore });
    expect(of(less)).toMatchObject({ change: 'less', amountBefore: 5000, amountNow: 4000, ...paidBefore });
    expect(of(gone)).toMatchObject({ change: 'gone', amountBefore: 4000, amountNow: null, statusNow: null });
    expect(of(small)).toMatchObject({
      change: 'new',
      amountBefore: 1000,
      amountNow: 3000,
      difference: 3000,
      statusBefore: 'skipped',
      reasonBefore: 'below_minimum',
      statusNow: 'paid',
      reasonNow: null,
    });
    expect(of(stranger)).toMatchObject({ reasonBefore: 'not_onboarded', reasonNow: 'suspended', difference: 0 });
    expect(of(fresh)).toMatchObject({ change: 'new', amountBefore: null, statusBefore: null, amountNow: 7000 });
    expect(changes?.affiliates).toHaveLength(6);
  });

  it('take a payout that failed for unpaid, and a cancelled one for skipped', async () => {
    const failed = await owed('failed', 3000);
    api.stripe.faults.add({ kind: 'refused_400', method: 'POST', path: '/v1/transfers' });
    const restricted = await owed('restricted', 4000);
    const { stripeAccountId } = await api.database.prisma.affiliate.findUniqueOrThrow({ where: { id: restricted } });
    await fetch(`${api.stripe.url}/_emulator/accounts/${stripeAccountId}/restrict`, { method: 'POST' });
    await run('2026-12');
    await fetch(`${api.stripe.url}/_emulator/accounts/${stripeAccountId}/complete-onboarding`, { method: 'POST' });
    await api.settle();
    const { changes } = await preview('2027-01');
    expect(
      changes?.affiliates.map(({ affiliateId, change, statusBefore, reasonBefore, difference }) => [
        affiliateId,
        change,
        statusBefore,
        reasonBefore,
        difference,
      ]),
    ).toEqual([
      [failed, 'new', 'failed', null, 3000],
      [restricted, 'new', 'skipped', 'account_restricted', 4000],
    ]);
  });
});

describe('a preview in short', () => {
  it('lists the largest of each, in the order of size, and counts and sums up all', async () => {
    for (const [name, amount] of Object.entries({ one: 3000, two: 5000, three: 4000, four: 4000 }))
      await owed(name, amount);
    await run('2026-12');
    for (const [name, amount] of Object.entries({ one: 3000, two: 3000, three: 9000, four: 2000 }))
      await earnAgain(name, '2026-12', amount);
    api.clock.set('2026-12-21T00:00:00Z');
    for (const [name, amount] of Object.entries({ five: 1000, six: 2000, seven: 1500 })) await owed(name, amount);

    const { paid, skipped, totals, changes } = await api.app.get(PayoutPreviewService).digest({ period: '2027-01' }, 2);
    const shown = ({ count, largest }: Listed<PreviewDecision>) => [
      count,
      largest.map(({ affiliateName, amountMinor }) => [affiliateName, amountMinor]),
    ];
    expect(shown(paid)).toEqual([
      3,
      [
        ['three', 9000n],
        ['one', 3000n],
      ],
    ]);
    expect(shown(skipped)).toEqual([
      4,
      [
        ['four', 2000n],
        ['six', 2000n],
      ],
    ]);
    expect(skipped.sums).toEqual([{ reason: 'below_minimum', currency: 'usd', count: 4, amountMinor: 6500n }]);
    expect(totals).toEqual([{ currency: 'usd', count: 3, amount: 15_000 }]);
    expect(changes).toMatchObject({
      period: '2026-12',
      count: 3,
      largest: [
        { change: 'more', difference: 5000 },
        { change: 'gone', difference: -4000 },
      ],
    });
  });
});

describe('a preview as CSV', () => {
  it('has a row for each decision, keeps negative figures figures, and runs no formula', async () => {
    const evil = await owed('evil', 3000);
    await api.request('PATCH', `/v1/affiliates/${evil}`, { body: { name: '=cmd|\' /C calc\'!A0, "Zoë"' } });
    const dinar = await owed('dinar', 1230, { currency: 'kwd' });
    const yen = await owed('yen', 7, { currency: 'jpy' });
    await run('2026-12');
    await tell(api, 'charge.dispute.created', disputeOf(api, { payment: namesOf('evil').payment, amount: 3000 }));
    const { status, headers, text } = await api.request('POST', '/v1/payout-runs/preview?format=csv', {
      body: { period: '2027-01' },
    });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('content-disposition')).toBe('attachment; filename="payout-preview-2027-01.csv"');
    expect(headers.get('cache-control')).toBe('private, no-store');
    expect(text.split('\n')).toEqual([
      'period,affiliateId,affiliateName,status,reason,amount,currency,amountMinor,change,difference,statusBefore,reasonBefore,amountBefore',
      `2027-01,${evil},"'=cmd|' /C calc'!A0, ""Zoë""",skipped,negative_balance,-30.00,usd,-3000,gone,-30.00,paid,,30.00`,
      `2027-01,${dinar},dinar,skipped,below_minimum,1.230,kwd,1230,,0.000,skipped,below_minimum,1.230`,
      `2027-01,${yen},yen,skipped,below_minimum,7,jpy,7,,0,skipped,below_minimum,7`,
      '',
    ]);
  });

  it('in a form that does not exist is refused, and the refusal is no file', async () => {
    const { status, headers } = await api.request('POST', '/v1/payout-runs/preview?format=xls', { body: {} });
    expect([status, headers.get('content-disposition')]).toEqual([400, null]);
  });
});

describe('the list of payouts as CSV', () => {
  it('has all payouts that match, for the host; for the affiliate its own', async () => {
    const one = await owed('one', 3000);
    await owed('two', 4000);
    await run('2026-12');
    const all = await api.request('GET', '/v1/payouts?format=csv&limit=1');
    expect(all.text.trim().split('\n')).toHaveLength(3);
    const own = await api.request('GET', '/v1/me/payouts?format=csv', { token: api.token('affiliate', 'user-one') });
    const [head, row, ...rest] = own.text.trim().split('\n');
    expect(head).toContain('id,affiliateId,period,status,amount,amountReversed,currency,amountMinor');
    expect(row).toContain(`${one},2026-12,paid,30.00,0.00,usd,3000,tr_`);
    expect(rest).toEqual([]);
  });

  it('breaks off where it cannot be read to its end, so that nobody takes a part for the whole', async () => {
    await owed('one', 3000);
    await run('2026-12');
    const queries = api.app.get(PayoutQueries);
    const { data } = await queries.listPayouts({ limit: 1 });
    let pages = 0;
    queries.listPayouts = () => {
      pages += 1;
      return pages < 5
        ? Promise.resolve({ data: Array.from({ length: 1000 }, () => data).flat(), nextCursor: 'po_1' })
        : Promise.reject(new Error('the database is away'));
    };
    await expect(api.request('GET', '/v1/payouts?format=csv')).rejects.toThrow();
    expect(pages).toBe(5);
  });
});
