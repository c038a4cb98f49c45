import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import type { OverviewDto } from '../../../src/dashboard/overview/overview.dto.js';
import { ReviewCases } from '../../../src/fraud/review-cases.service.js';
import type { PreviewDto } from '../../../src/payouts/preview/preview.dto.js';
import type { NextPayoutDto } from '../../../src/payouts/upcoming/upcoming-payouts.dto.js';
import type { PlanDto } from '../../../src/affiliates/plans/plan.dto.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals, onboard } from '../../setup/host.js';
import { expectExactRollups, expectSoundLedger } from '../../setup/ledger.js';
import { deliver, eventOf, paidInvoice } from '../../setup/webhooks.js';
import { visit } from '../referrals/visits.js';

const CLOCK_START = '2026-12-10T12:00:00Z';

let api: TestApp;
let affiliates = 0;

beforeAll(async () => {
  api = await startTestApp({ now: CLOCK_START, env: { TRUST_PROXY: '1', SITE_URL: 'https://app.example.com/home' } });
});
beforeEach(() => api.clock.set(CLOCK_START));
afterEach(async () => {
  await expectSoundLedger(api);
  await expectExactRollups(api);
});
afterAll(async () => api.close());

const overview = async ({ userId }: AffiliateDto): Promise<OverviewDto> => {
  const token = api.token('affiliate', userId);
  const { status, body } = await api.request<OverviewDto>('GET', '/v1/me/overview', { token });
  expect(status).toBe(200);
  return body;
};

/** Who earns 20 % of what one customer pays at once. */
async function earning(
  totalMinor: number,
  options: { currency?: string; planId?: string } = {},
): Promise<AffiliateDto> {
  const name = `Person${++affiliates}`;
  const affiliate = await affiliateWithReferrals(api, name, []);
  if (options.planId !== undefined) {
    await api.request('PATCH', `/v1/affiliates/${affiliate.id}`, { body: { planId: options.planId } });
  }
  await pays(affiliate, `customer-of-${name}`, totalMinor, options.currency);
  return affiliate;
}

async function pays(affiliate: AffiliateDto, userId: string, totalMinor: number, currency = 'usd'): Promise<void> {
  await api.request('POST', '/v1/referrals', { body: { referredUserId: userId, code: affiliate.code } });
  await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId, total: totalMinor, currency })));
  await api.settle();
}

/** What the run's own preview says of an affiliate, in the words of the overview. */
async function byPreview({ id }: AffiliateDto): Promise<Pick<NextPayoutDto, 'currency' | 'amount' | 'willBePaid'>[]> {
  const { body } = await api.request<PreviewDto>('POST', '/v1/payout-runs/preview');
  const paid = body.payouts.map((payout) => ({ ...payout, willBePaid: true }));
  const skipped = body.skipped.map((skip) => ({ ...skip, willBePaid: false }));
  return [...paid, ...skipped]
    .filter(({ affiliateId }) => affiliateId === id)
    .map(({ currency, amount, willBePaid }) => ({ currency, amount, willBePaid }))
    .sort((a, b) => (a.currency < b.currency ? -1 : 1));
}

const promised = (payouts: NextPayoutDto[]) =>
  payouts.map(({ currency, amount, willBePaid }) => ({ currency, amount, willBePaid }));

describe('the overview of somebody who has just begun', () => {
  it('has zeros, the next run and what is missing, and says where links may lead', async () => {
    const affiliate = await affiliateWithReferrals(api, 'Newcomer', []);
    expect(await overview(affiliate)).toEqual({
      affiliate: expect.objectContaining({
        id: affiliate.id,
        referralUrl: affiliate.referralUrl,
        status: 'active',
      }) as unknown,
      counts: { clicks: 0, uniqueClicks: 0, signups: 0, payingCustomers: 0, conversionRate: 0 },
      balances: [],
      currencies: [],
      nextRun: { period: '2027-01', date: '2027-01-01T06:00:00.000Z' },
      nextPayouts: [],
      onboarding: {
        status: 'not_started',
        payoutsEnabled: false,
        due: [],
        message: expect.stringContaining('open an onboarding link') as unknown,
      },
      attributionWindowDays: 30,
      deepLinks: { siteUrl: 'https://app.example.com/home', allowedHosts: ['app.example.com'] },
    });
  });

  it('names a run as the next one until its moment has passed', async () => {
    const affiliate = await affiliateWithReferrals(api, 'Patient', []);
    const nextAt = async (now: string): Promise<string | undefined> => {
      api.clock.set(now);
      return (await overview(affiliate)).nextRun?.period;
    };
    expect(await nextAt('2026-12-31T23:59:59Z')).toBe('2027-01');
    expect(await nextAt('2027-01-01T06:00:00.000Z')).toBe('2027-01');
    expect(await nextAt('2027-01-01T06:00:00.001Z')).toBe('2027-02');
    // A clock that was ahead is put right.
    expect(await nextAt('2026-12-31T23:59:59Z')).toBe('2027-01');
  });
});

describe('the counts', () => {
  it('are those since ever, of one affiliate', async () => {
    const other = await earning(9900);
    await visit(api, other.code, { ip: '192.0.2.1' });
    const affiliate = await earning(9900);
    for (const ip of ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']) {
      await visit(api, affiliate.code, { ip });
    }
    api.clock.advance(400 * 24 * 60 * 60_000);
    await api.request('POST', '/v1/referrals', { body: { referredUserId: 'only-looking', code: affiliate.code } });
    const { counts, currencies } = await overview(affiliate);
    expect(counts).toEqual({ clicks: 5, uniqueClicks: 4, signups: 2, payingCustomers: 1, conversionRate: 0.5 });
    expect(currencies).toEqual(['usd']);
  });
});

describe('the next payout', () => {
  it('says all that keeps it from being paid, and nothing once it will be', async () => {
    const affiliate = await earning(12_000);
    expect((await overview(affiliate)).nextPayouts).toEqual([
      {
        period: '2027-01',
        date: '2027-01-01T06:00:00.000Z',
        currency: 'usd',
        amount: 2400,
        minimum: 2500,
        willBePaid: false,
        reasons: ['below_minimum', 'not_onboarded'],
      },
    ]);
    await pays(affiliate, `second-customer-${affiliates}`, 500);
    await onboard(api, affiliate.id);
    const { nextPayouts, onboarding } = await overview(affiliate);
    expect(nextPayouts).toMatchObject([{ amount: 2500, willBePaid: true, reasons: [] }]);
    expect(onboarding).toMatchObject({ status: 'complete', payoutsEnabled: true });
    expect(promised(nextPayouts)).toEqual(await byPreview(affiliate));
  });

  it('counts what is released by then, and not what a case or a longer hold keeps', async () => {
    const { body: short } = await api.request<PlanDto>('POST', '/v1/plans', {
      body: { name: 'short', rateBps: 2000, holdDays: 14 },
    });
    const { body: long } = await api.request<PlanDto>('POST', '/v1/plans', {
      body: { name: 'long', rateBps: 2000, holdDays: 60 },
    });
    const [soon, late] = [await earning(50_000, { planId: short.id }), await earning(50_000, { planId: long.id })];
    expect((await overview(soon)).balances).toMatchObject([{ held: 10_000, payable: 0 }]);
    expect((await overview(soon)).nextPayouts).toMatchObject([{ amount: 10_000, reasons: ['not_onboarded'] }]);
    expect((await overview(late)).nextPayouts).toMatchObject([
      { amount: 0, reasons: ['below_minimum', 'not_onboarded'] },
    ]);
    expect(promised((await overview(soon)).nextPayouts)).toEqual(await byPreview(soon));

    await api.database.transaction((tx) =>
      api.app
        .get(ReviewCases)
        .openAll(
          tx,
          'conversion_rate',
          [{ affiliateId: soon.id, signal: { key: 'k', summary: 'Many.', evidence: {} } }],
          true,
        ),
    );
    const underReview = (await overview(soon)).nextPayouts;
    expect(underReview).toMatchObject([{ amount: 0, reasons: ['below_minimum', 'under_review', 'not_onboarded'] }]);
  });

  it('is one for each currency, below zero after a claw-back, and agrees with the run’s own preview', async () => {
    const affiliate = await earning(20_000);
    await pays(affiliate, `yen-customer-${affiliates}`, 20_000, 'jpy');
    await onboard(api, affiliate.id);
    await api.request('PATCH', `/v1/affiliates/${affiliate.id}`, { body: { status: 'suspended' } });
    const { nextPayouts, currencies, balances } = await overview(affiliate);
    expect(currencies).toEqual(['jpy', 'usd']);
    expect(balances.map(({ currency, payable }) => [currency, payable])).toEqual([
      ['jpy', 4000],
      ['usd', 4000],
    ]);
    expect(nextPayouts.map(({ currency, minimum, reasons }) => [currency, minimum, reasons])).toEqual([
      ['jpy', 25, ['suspended']],
      ['usd', 2500, ['suspended']],
    ]);
    expect(promised(nextPayouts)).toEqual(await byPreview(affiliate));
  });
});
