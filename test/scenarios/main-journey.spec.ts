import type Stripe from 'stripe';
import type { AffiliateDto } from '../../src/affiliates/affiliate.dto.js';
import type { BalancesDto, CommissionPageDto } from '../../src/commissions/commission.dto.js';
import { PayoutScheduler } from '../../src/payouts/runs/payout-scheduler.js';
import type { PayoutPageDto, PayoutRunDto } from '../../src/payouts/payout.dto.js';
import type { PreviewDto } from '../../src/payouts/preview/preview.dto.js';
import type { AttributionDto } from '../../src/referrals/attribution/attribution.dto.js';
import type { ReferralDto } from '../../src/referrals/referral.dto.js';
import { startTestApp, type TestApp } from '../setup/app.js';
import { hostStripe, onboard, subscribe } from '../setup/host.js';
import { expectSoundLedger } from '../setup/ledger.js';

/** One story over two months; each step goes on where the one before stopped. */
describe('the main job, from the affiliate to the payout', () => {
  let api: TestApp;
  let affiliate: AffiliateDto;
  let clickId: string;
  let referralId: string;
  let subscription: Stripe.Subscription;

  beforeAll(async () => {
    api = await startTestApp({ now: '2026-11-03T09:00:00Z' });
    await api.database.prisma.installation.create({ data: { id: 1, installedAt: api.clock.now() } });
  });
  afterAll(async () => api.close());
  afterEach(async () => expectSoundLedger(api));

  const balance = async (): Promise<BalancesDto['balances']> =>
    (await api.request<BalancesDto>('GET', `/v1/affiliates/${affiliate.id}/balance`)).body.balances;
  const referral = async (): Promise<ReferralDto> =>
    (await api.request<ReferralDto>('GET', `/v1/referrals/${referralId}`)).body;
  const tick = async (): Promise<void> => api.app.get(PayoutScheduler).tick();

  it('3 Nov 09:00: the host app creates an affiliate and gets a code and a link', async () => {
    const { status, body } = await api.request<AffiliateDto>('POST', '/v1/affiliates', {
      body: { userId: 'usr_john', name: 'John Doe', email: 'john@example.com' },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      userId: 'usr_john',
      status: 'active',
      commissionRateBps: null,
      payoutsEnabled: false,
    });
    expect(body.code).toMatch(/^JOHN-[A-Z0-9]{4}$/);
    expect(body.referralUrl).toBe(`http://localhost:3000/r/${body.code}`);
    affiliate = body;
  });

  it('09:10: a visitor follows the link: counted, remembered in a cookie, and on the site', async () => {
    api.clock.set('2026-11-03T09:10:00Z');
    const visit = await api.request('GET', `/r/${affiliate.code.toLowerCase()}?to=/pricing`, {
      token: '',
      headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140 Safari/537.36' },
    });
    expect(visit.status).toBe(302);
    const target = new URL(visit.headers.get('location') ?? '');
    clickId = target.searchParams.get('click_id') ?? '';
    expect(target.origin + target.pathname).toBe('https://app.example.com/pricing');
    expect(target.searchParams.get('ref')).toBe(affiliate.code);
    expect(visit.headers.get('set-cookie')).toMatch(new RegExp(`^fs_click=${clickId}; .*HttpOnly.*SameSite=Lax`));
  });

  it('09:20: the visitor signs up and is credited to the affiliate', async () => {
    api.clock.set('2026-11-03T09:20:00Z');
    const { status, body } = await api.request<AttributionDto>('POST', '/v1/referrals', {
      body: { referredUserId: 'usr_mary', clickId, email: 'mary@example.org', ip: '198.51.100.7' },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      attributed: true,
      referral: { affiliateId: affiliate.id, status: 'trial', clickId, mrr: 0, lifetimeEarned: 0 },
    });
    referralId = body.referral?.id ?? '';
  });

  it('09:30: she pays 149.00 with 23.79 tax: 20 % of 125.21 is 25.042, so 25.04 are earned', async () => {
    api.clock.set('2026-11-03T09:30:00Z');
    subscription = await subscribe(api, { userId: 'usr_mary', unitAmountMinor: 14_900, taxPercent: 19 });
    await api.settle();
    const { body } = await api.request<CommissionPageDto>('GET', `/v1/commissions?affiliateId=${affiliate.id}`);
    expect(body.data).toHaveLength(1);
    expect(body.data[0]).toMatchObject({
      referralId,
      amount: 2504,
      reversedAmount: 0,
      netAmount: 2504,
      currency: 'usd',
      state: 'payable',
      availableAt: '2026-11-03T09:30:00.000Z',
      paidAt: null,
      payoutId: null,
      explanation: {
        invoiceAmountPaid: 14_900,
        taxAmount: 2379,
        invoiceTotal: 14_900,
        invoiceTotalExcludingTax: 12_521,
        base: 12_521,
        lost: 0,
        rateBps: 2000,
        planVersionId: 'plv_default',
        rateSource: 'plan',
        formula: 'base = floor(min(14900, 14900) × 12521 / 14900) = 12521; amount = floor(12521 × 2000 / 10000) = 2504',
        roundedFrom: '2504.2',
        rounding: 'down',
      },
    });
    expect(await referral()).toMatchObject({
      status: 'paid',
      mrr: 14_900,
      currency: 'usd',
      lifetimeEarned: 2504,
      convertedAt: '2026-11-03T09:30:00.000Z',
    });
    expect(await balance()).toEqual([
      { currency: 'usd', held: 0, payable: 2504, inPayout: 0, paid: 0, lifetimeEarned: 2504 },
    ]);
  });

  it('4 Nov: the preview says that money waits for onboarding; the affiliate finishes it', async () => {
    api.clock.set('2026-11-04T08:00:00Z');
    const preview = () => api.request<PreviewDto>('POST', '/v1/payout-runs/preview', { body: { period: '2026-12' } });
    expect((await preview()).body).toMatchObject({
      period: '2026-12',
      cutOff: '2026-12-01T06:00:00.000Z',
      payouts: [],
      skipped: [{ affiliateId: affiliate.id, reason: 'not_onboarded', amount: 2504, currency: 'usd' }],
      totals: [],
    });
    await onboard(api, affiliate.id);
    expect((await preview()).body).toMatchObject({
      payouts: [{ affiliateId: affiliate.id, amount: 2504, currency: 'usd' }],
      skipped: [],
      totals: [{ currency: 'usd', count: 1, amount: 2504 }],
    });
  });

  it('1 Dec 05:59: nothing is paid a minute early', async () => {
    api.clock.set('2026-12-01T05:59:00Z');
    await tick();
    expect((await api.request('GET', '/v1/payout-runs/2026-12')).status).toBe(404);
  });

  it('1 Dec 06:00: the run pays 25.04 with one transfer', async () => {
    api.clock.set('2026-12-01T06:00:00Z');
    await tick();
    const run = await api.request<PayoutRunDto>('GET', '/v1/payout-runs/2026-12');
    expect(run.body).toMatchObject({
      status: 'completed',
      dryRun: false,
      totals: [{ currency: 'usd', count: 1, amount: 2504 }],
      skipped: [],
    });
    const payouts = await api.request<PayoutPageDto>('GET', `/v1/payouts?affiliateId=${affiliate.id}`);
    expect(payouts.body.data).toHaveLength(1);
    const [payout] = payouts.body.data;
    expect(payout).toMatchObject({
      period: '2026-12',
      amount: 2504,
      amountReversed: 0,
      currency: 'usd',
      status: 'paid',
      attempts: 1,
      paidAt: '2026-12-01T06:00:00.000Z',
    });
    const transfers = await hostStripe(api).transfers.list();
    expect(transfers.data).toMatchObject([
      { id: payout?.stripeTransferId, amount: 2504, currency: 'usd', transfer_group: payout?.id },
    ]);
    expect(await balance()).toEqual([
      { currency: 'usd', held: 0, payable: 0, inPayout: 0, paid: 2504, lifetimeEarned: 2504 },
    ]);
    const commission = await api.request<CommissionPageDto>(
      'GET',
      `/v1/commissions?affiliateId=${affiliate.id}&state=paid`,
    );
    expect(commission.body.data).toMatchObject([{ payoutId: payout?.id, paidAt: '2026-12-01T06:00:00.000Z' }]);
  });

  it('3 Dec: the renewal earns again; 5 Dec: she cancels, and what was earned stays', async () => {
    api.clock.set('2026-12-03T09:31:00Z');
    await api.stripe.renewDueSubscriptions();
    await api.settle();
    expect(await balance()).toEqual([
      { currency: 'usd', held: 0, payable: 2504, inPayout: 0, paid: 2504, lifetimeEarned: 5008 },
    ]);
    api.clock.set('2026-12-05T10:00:00Z');
    await hostStripe(api).subscriptions.cancel(subscription.id);
    await api.settle();
    expect(await referral()).toMatchObject({
      status: 'churned',
      mrr: 0,
      lifetimeEarned: 5008,
      churnedAt: '2026-12-05T10:00:00.000Z',
    });
  });

  it('4 Jan: the run of the 1st was missed; it is caught up with its own cut-off, once', async () => {
    api.clock.set('2027-01-04T11:00:00Z');
    await Promise.all([tick(), tick()]);
    await tick();
    const run = await api.database.prisma.payoutRun.findUniqueOrThrow({ where: { period: '2027-01' } });
    expect(run).toMatchObject({ status: 'completed', cutOff: new Date('2027-01-01T06:00:00Z') });
    expect(await balance()).toEqual([
      { currency: 'usd', held: 0, payable: 0, inPayout: 0, paid: 5008, lifetimeEarned: 5008 },
    ]);
    expect((await hostStripe(api).transfers.list()).data.map(({ amount }) => amount)).toEqual([2504, 2504]);
  });

  it('the affiliate sees all of it with a token of their own, and nobody else does', async () => {
    const mine = api.token('affiliate', 'usr_john');
    expect((await api.request<AffiliateDto>('GET', '/v1/me', { token: mine })).body.id).toBe(affiliate.id);
    expect((await api.request<PayoutPageDto>('GET', '/v1/me/payouts', { token: mine })).body.data).toHaveLength(2);
    const commissions = await api.request<CommissionPageDto>('GET', '/v1/me/commissions', { token: mine });
    expect(commissions.body.data.map(({ amount }) => amount)).toEqual([2504, 2504]);

    await api.request('POST', '/v1/affiliates', { body: { userId: 'usr_eve', name: 'Eve' } });
    const hers = api.token('affiliate', 'usr_eve');
    expect(
      (await api.request('GET', `/v1/me/commissions/${commissions.body.data[0]?.id}`, { token: hers })).status,
    ).toBe(404);
    expect((await api.request<CommissionPageDto>('GET', '/v1/me/commissions', { token: hers })).body.data).toEqual([]);
  });
});
