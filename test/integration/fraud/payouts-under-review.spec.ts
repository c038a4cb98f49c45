import { ReviewCases } from '../../../src/fraud/review-cases.service.js';
import type { ReviewRuleName } from '../../../src/fraud/review-rules.js';
import type { PayoutPageDto, PayoutRunDto } from '../../../src/payouts/payout.dto.js';
import type { PreviewDto } from '../../../src/payouts/preview/preview.dto.js';
import { PayoutRunsService } from '../../../src/payouts/runs/payout-runs.service.js';
import type { RequestFaultKind } from '../../../src/stripe/emulator/index.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { holdRequest } from '../../setup/held-requests.js';
import { affiliateWithReferrals, hostStripe, onboard } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { deliver, eventOf, paidInvoice } from '../../setup/webhooks.js';

const HOUR_MS = 60 * 60 * 1000;

let api: TestApp;

const start = async (env: Record<string, string> = {}): Promise<void> => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z', env });
};
afterEach(async () => {
  await expectSoundLedger(api);
  await api.close();
});

/** An onboarded affiliate whose customer has paid this much, of which it earns 20 %. */
async function affiliateWithSale(name: string, invoiceTotal: number): Promise<string> {
  const { id } = await affiliateWithReferrals(api, name, [`${name}-customer`]);
  const invoice = paidInvoice(api, { userId: `${name}-customer`, total: invoiceTotal });
  await deliver(api, eventOf(api, 'invoice.paid', invoice));
  await onboard(api, id);
  return id;
}

const openCase = (affiliateId: string, rule: ReviewRuleName = 'unknown_dispute_status'): Promise<string> =>
  api.database.transaction((tx) =>
    api.app
      .get(ReviewCases)
      .open(tx, { affiliateId, rule, signal: { key: 'dp_1', summary: 'A finding.', evidence: {} } }),
  );
const approve = (caseId: string) =>
  api.database.transaction((tx) =>
    api.app
      .get(ReviewCases)
      .close(tx, caseId, { decision: 'approved', staffUserId: 'staff-1', reason: 'All is well.' }),
  );
const runPeriod = (period: string) =>
  api.app.get(PayoutRunsService).run({ period, cutOff: new Date(`${period}-01T06:00:00Z`) });
const runOf = async (period: string): Promise<PayoutRunDto> =>
  (await api.request<PayoutRunDto>('GET', `/v1/payout-runs/${period}`)).body;
const payoutsOf = async (affiliateId: string): Promise<[string, number, string, string | null][]> =>
  (await api.request<PayoutPageDto>('GET', `/v1/payouts?affiliateId=${affiliateId}`)).body.data.map(
    ({ period, amount, status, failureCode }) => [period, amount, status, failureCode],
  );
const balanceOf = async (affiliateId: string) =>
  (await api.request<{ balances: unknown[] }>('GET', `/v1/affiliates/${affiliateId}/balance`)).body.balances;
const sentAmounts = async (): Promise<number[]> =>
  (await hostStripe(api).transfers.list({ limit: 100 })).data.map(({ amount }) => amount);

describe('an affiliate with an open case that holds', () => {
  it('is left out of preview and run as under review, alone, and paid by the next run after the decision', async () => {
    await start();
    const reviewed = await affiliateWithSale('reviewed', 15_000);
    const questioned = await affiliateWithSale('questioned', 20_000);
    const other = await affiliateWithSale('other', 25_000);
    const caseId = await openCase(reviewed);
    await openCase(questioned, 'paid_out_of_band');

    const preview = await api.request<PreviewDto>('POST', '/v1/payout-runs/preview', { body: { period: '2026-12' } });
    expect(preview.body).toMatchObject({
      payouts: [
        { affiliateId: questioned, amount: 4000, currency: 'usd' },
        { affiliateId: other, amount: 5000, currency: 'usd' },
      ],
      skipped: [{ affiliateId: reviewed, reason: 'under_review', amount: 3000, currency: 'usd' }],
    });

    await runPeriod('2026-12');
    expect(await runOf('2026-12')).toMatchObject({
      status: 'completed',
      totals: [{ currency: 'usd', count: 2, amount: 9000 }],
      skipped: [{ reason: 'under_review', count: 1 }],
    });
    expect(await payoutsOf(reviewed)).toEqual([]);
    expect(await balanceOf(reviewed)).toMatchObject([{ payable: 3000, inPayout: 0, paid: 0 }]);

    await approve(caseId);
    await runPeriod('2027-01');
    expect(await payoutsOf(reviewed)).toEqual([['2027-01', 3000, 'paid', null]]);
    expect((await sentAmounts()).sort()).toEqual([3000, 4000, 5000]);
  });

  it('gets nothing of what was reserved before: approved days later, the payout is cancelled and the money returned', async () => {
    await start({ PAYOUT_APPROVAL: 'manual' });
    const reviewed = await affiliateWithSale('reviewed', 15_000);
    const other = await affiliateWithSale('other', 20_000);
    await runPeriod('2026-12');
    const caseId = await openCase(reviewed);
    const approveRun = (period: string) =>
      api.database.prisma.payoutRun.update({ where: { period }, data: { status: 'sending' } });
    await approveRun('2026-12');
    await runPeriod('2026-12');
    expect(await payoutsOf(reviewed)).toEqual([['2026-12', 3000, 'canceled', 'under_review']]);
    expect(await payoutsOf(other)).toEqual([['2026-12', 4000, 'paid', null]]);
    expect(await balanceOf(reviewed)).toMatchObject([{ payable: 3000, inPayout: 0, paid: 0 }]);
    expect(await runOf('2026-12')).toMatchObject({
      status: 'completed',
      totals: [{ currency: 'usd', count: 1, amount: 4000 }],
      skipped: [{ reason: 'under_review', count: 1 }],
    });

    await approve(caseId);
    await runPeriod('2027-01');
    await approveRun('2027-01');
    await runPeriod('2027-01');
    expect(await payoutsOf(reviewed)).toEqual([
      ['2027-01', 3000, 'paid', null],
      ['2026-12', 3000, 'canceled', 'under_review'],
    ]);
    expect((await sentAmounts()).sort()).toEqual([3000, 4000]);
  });

  it('gets nothing of a payout that waits because Stripe could not be asked about the account', async () => {
    await start();
    const reviewed = await affiliateWithSale('reviewed', 15_000);
    api.stripe.faults.add({ kind: 'error_500', method: 'GET', path: '/v2/core/accounts/*', count: null });
    await runPeriod('2026-12');
    expect(await payoutsOf(reviewed)).toEqual([['2026-12', 3000, 'pending', null]]);
    await openCase(reviewed);
    api.clock.advance(HOUR_MS);
    await runPeriod('2026-12');
    expect(await payoutsOf(reviewed)).toEqual([['2026-12', 3000, 'canceled', 'under_review']]);
    expect(await balanceOf(reviewed)).toMatchObject([{ payable: 3000, inPayout: 0, paid: 0 }]);
    expect(await sentAmounts()).toEqual([]);
  });

  it('gets nothing of a payout whose case opens while Stripe is asked about the account', async () => {
    await start();
    const reviewed = await affiliateWithSale('reviewed', 15_000);
    const question = holdRequest(api.stripe, { method: 'GET', path: '/v2/core/accounts/*' });
    const running = runPeriod('2026-12');
    await question.arrived();
    await openCase(reviewed);
    question.letGo();
    await running;
    expect(await payoutsOf(reviewed)).toEqual([['2026-12', 3000, 'pending', null]]);
    api.clock.advance(HOUR_MS);
    await runPeriod('2026-12');
    expect(await payoutsOf(reviewed)).toEqual([['2026-12', 3000, 'canceled', 'under_review']]);
    expect(await balanceOf(reviewed)).toMatchObject([{ payable: 3000, inPayout: 0, paid: 0 }]);
    expect(await sentAmounts()).toEqual([]);
  });

  it.each<[string, RequestFaultKind, [number, string, string | null], number[]]>([
    ['arrived: it is paid, for the money has left', 'drop_after_commit', [3000, 'paid', null], [3000]],
    ['never arrived: it is cancelled once that is certain', 'drop_before', [3000, 'canceled', 'under_review'], []],
  ])('is not sent again what had no answer when the case came, and it %s', async (_title, kind, end, sent) => {
    await start();
    const reviewed = await affiliateWithSale('reviewed', 15_000);
    api.stripe.faults.add({ kind, method: 'POST', path: '/v1/transfers', count: 2 });
    await runPeriod('2026-12');
    expect(await payoutsOf(reviewed)).toEqual([['2026-12', 3000, 'pending', null]]);
    await openCase(reviewed);
    for (let hours = 0; hours < 21; hours += 7) {
      api.clock.advance(7 * HOUR_MS);
      await runPeriod('2026-12');
    }
    expect(await payoutsOf(reviewed)).toEqual([['2026-12', ...end]]);
    expect(await sentAmounts()).toEqual(sent);
  });
});

describe('the preview', () => {
  it('counts no due hold of an affiliate whose case keeps it from being released', async () => {
    await start();
    const { body: plan } = await api.request<{ id: string }>('POST', '/v1/plans', {
      body: { name: 'patient', rateBps: 2000, holdDays: 1 },
    });
    const reviewed = await affiliateWithSale('reviewed', 15_000);
    await api.request('PATCH', `/v1/affiliates/${reviewed}`, { body: { planId: plan.id } });
    const { code } = (await api.request<{ code: string }>('GET', `/v1/affiliates/${reviewed}`)).body;
    await api.request('POST', '/v1/referrals', { body: { referredUserId: 'later-customer', code } });
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'later-customer', total: 5000 })));
    await api.settle();
    expect(await balanceOf(reviewed)).toMatchObject([{ held: 1000, payable: 3000 }]);
    const preview = async () =>
      (await api.request<PreviewDto>('POST', '/v1/payout-runs/preview', { body: { period: '2026-12' } })).body;
    expect((await preview()).payouts).toMatchObject([{ affiliateId: reviewed, amount: 4000 }]);
    await openCase(reviewed);
    expect((await preview()).skipped).toMatchObject([{ affiliateId: reviewed, reason: 'under_review', amount: 3000 }]);
  });
});
