import type { PayoutDto, PayoutPageDto, PayoutRunDto } from '../../../src/payouts/payout.dto.js';
import type { PreviewDto } from '../../../src/payouts/preview/preview.dto.js';
import { SendingHaltedError } from '../../../src/payouts/sending/sending-halted.error.js';
import { PayoutRunsService } from '../../../src/payouts/runs/payout-runs.service.js';
import type { RequestFaultKind } from '../../../src/stripe/emulator/index.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { affiliateWithReferrals, hostStripe, onboard } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { deliver, eventOf, paidInvoice } from '../../setup/webhooks.js';

const CUT_OFF = new Date('2026-12-01T06:00:00Z');
const HOUR_MS = 60 * 60 * 1000;

let api: TestApp;

beforeEach(async () => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z' });
});
afterEach(async () => {
  await expectSoundLedger(api);
  await api.close();
});

/** An affiliate that has earned exactly this much by one invoice, at a rate of 100 %. */
async function affiliateOwed(
  name: string,
  amountMinor: number,
  options: { onboarded?: boolean; currency?: string; paidAt?: Date } = {},
): Promise<string> {
  const { id } = await affiliateWithReferrals(api, name, [`${name}-customer`]);
  await api.database.prisma.affiliateRate.create({
    data: { affiliateId: id, effectiveFrom: new Date(0), rateBps: 10_000 },
  });
  await earn(name, amountMinor, options);
  if (options.onboarded !== false) await onboard(api, id);
  return id;
}

async function earn(name: string, total: number, options: { currency?: string; paidAt?: Date } = {}): Promise<void> {
  await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: `${name}-customer`, total, ...options })));
  await api.settle();
}

const runs = (): PayoutRunsService => api.app.get(PayoutRunsService);
const runDecember = () => runs().run({ period: '2026-12', cutOff: CUT_OFF });
const payoutsOf = async (affiliateId: string): Promise<PayoutDto[]> =>
  (await api.request<PayoutPageDto>('GET', `/v1/payouts?affiliateId=${affiliateId}`)).body.data;
const onlyPayout = async (affiliateId: string): Promise<PayoutDto> => {
  const payouts = await payoutsOf(affiliateId);
  expect(payouts).toHaveLength(1);
  return payouts[0] as PayoutDto;
};
const transfers = async () => (await hostStripe(api).transfers.list({ limit: 100 })).data;
const balanceOf = async (affiliateId: string) =>
  (await api.request<{ balances: Record<string, unknown>[] }>('GET', `/v1/affiliates/${affiliateId}/balance`)).body
    .balances;
const run = async (period = '2026-12'): Promise<PayoutRunDto> =>
  (await api.request<PayoutRunDto>('GET', `/v1/payout-runs/${period}`)).body;
const setBalance = (available: Record<string, number>) =>
  fetch(`${api.stripe.url}/_emulator/balance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(available),
  });
const failTransfers = (kind: RequestFaultKind, count = 1): void => {
  api.stripe.faults.add({ kind, method: 'POST', path: '/v1/transfers', count });
};

describe('who is paid', () => {
  it('is whoever is owed the minimum: 24.99 waits, 25.00 and 25.01 go out; other currencies take 25 of their units', async () => {
    const owed: [string, number, string][] = [
      ['below', 2499, 'usd'],
      ['exact', 2500, 'usd'],
      ['above', 2501, 'usd'],
      ['yen-below', 24, 'jpy'],
      ['yen', 25, 'jpy'],
      ['dinar-below', 24_990, 'kwd'],
      ['dinar', 25_000, 'kwd'],
    ];
    const idOf = new Map<string, string>();
    await setBalance({ kwd: 1_000_000 });
    for (const [name, amount, currency] of owed) idOf.set(name, await affiliateOwed(name, amount, { currency }));
    const preview = await api.request<PreviewDto>('POST', '/v1/payout-runs/preview', { body: { period: '2026-12' } });
    expect(new Set(preview.body.payouts.map(({ affiliateId }) => affiliateId))).toEqual(
      new Set(['exact', 'above', 'yen', 'dinar'].map((name) => idOf.get(name))),
    );
    await runDecember();
    const sent = (await transfers()).map(({ amount, currency }) => `${amount} ${currency}`).sort();
    expect(sent).toEqual(['25 jpy', '2500 usd', '25000 kwd', '2501 usd']);
    expect(await run()).toMatchObject({
      status: 'completed',
      totals: [
        { currency: 'jpy', count: 1, amount: 25 },
        { currency: 'kwd', count: 1, amount: 25_000 },
        { currency: 'usd', count: 2, amount: 5001 },
      ],
      skipped: [{ reason: 'below_minimum', count: 3 }],
    });
    // What waited goes out once more was earned.
    await earn('below', 1);
    await runs().run({ period: '2027-01', cutOff: new Date('2027-01-01T06:00:00Z') });
    expect(await onlyPayout(idOf.get('below') ?? '')).toMatchObject({
      amount: 2500,
      period: '2027-01',
      status: 'paid',
    });
  });

  it('is nobody who is suspended, never onboarded, or earned only after the cut-off', async () => {
    const suspended = await affiliateOwed('suspended', 3000);
    await api.request('PATCH', `/v1/affiliates/${suspended}`, { body: { status: 'suspended' } });
    await affiliateOwed('stranger', 3000, { onboarded: false });
    const later = await affiliateOwed('later', 3000, { paidAt: new Date('2026-12-01T06:00:01Z') });
    await runDecember();
    expect(await transfers()).toEqual([]);
    expect(await run()).toMatchObject({
      status: 'completed',
      totals: [],
      skipped: [
        { reason: 'not_onboarded', count: 1 },
        { reason: 'suspended', count: 1 },
      ],
    });
    expect(await balanceOf(later)).toMatchObject([{ payable: 3000 }]);
  });

  it('is not who was suspended or restricted between reserving and sending: the money goes back', async () => {
    const restricted = await affiliateOwed('restricted', 3000);
    const { stripeAccountId } = (await api.request<{ stripeAccountId: string }>('GET', `/v1/affiliates/${restricted}`))
      .body;
    await fetch(`${api.stripe.url}/_emulator/accounts/${stripeAccountId}/restrict`, { method: 'POST' });
    await runDecember();
    expect(await transfers()).toEqual([]);
    expect(await onlyPayout(restricted)).toMatchObject({
      status: 'canceled',
      attempts: 0,
      failureCode: 'account_restricted',
    });
    expect(await balanceOf(restricted)).toMatchObject([{ payable: 3000, inPayout: 0, paid: 0 }]);
    expect(await run()).toMatchObject({
      status: 'completed',
      totals: [],
      skipped: [{ reason: 'account_restricted', count: 1 }],
    });
    // Once it is well again, the next run pays it.
    await fetch(`${api.stripe.url}/_emulator/accounts/${stripeAccountId}/complete-onboarding`, { method: 'POST' });
    await api.settle();
    await runs().run({ period: '2027-01', cutOff: new Date('2027-01-01T06:00:00Z') });
    expect((await payoutsOf(restricted)).map(({ status }) => status)).toEqual(['paid', 'canceled']);
  });

  it('is paid held commissions only when their hold has run out by the cut-off', async () => {
    const { body: plan } = await api.request<{ id: string }>('POST', '/v1/plans', {
      body: { name: 'patient', rateBps: 10_000, holdDays: 10 },
    });
    const { body: affiliate } = await api.request<{ id: string; code: string }>('POST', '/v1/affiliates', {
      body: { userId: 'u-patient', name: 'Patient', planId: plan.id },
    });
    await api.request('POST', '/v1/referrals', { body: { referredUserId: 'patient-customer', code: affiliate.code } });
    await onboard(api, affiliate.id);
    await earn('patient', 3000);
    expect(await balanceOf(affiliate.id)).toMatchObject([{ held: 3000, payable: 0 }]);
    const preview = (asOf: string) =>
      api.request<PreviewDto>('POST', '/v1/payout-runs/preview', { body: { period: '2026-12', asOf } });
    expect((await preview('2026-11-30T11:59:59Z')).body.payouts).toEqual([]);
    expect((await preview('2026-11-30T12:00:00Z')).body.payouts).toEqual([
      { affiliateId: affiliate.id, amount: 3000, currency: 'usd' },
    ]);
    expect(await balanceOf(affiliate.id)).toMatchObject([{ held: 3000, payable: 0 }]);
    await runDecember();
    expect(await balanceOf(affiliate.id)).toMatchObject([{ held: 0, payable: 0, paid: 3000 }]);
  });
});

describe('a run', () => {
  it('pays once, however many start it at the same moment and however often it is resumed', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(await affiliateOwed(`many-${i}`, 2500 + i));
    await Promise.all(Array.from({ length: 6 }, () => runDecember()));
    await runDecember();
    expect((await transfers()).map(({ amount }) => amount).sort()).toEqual([2500, 2501, 2502, 2503, 2504]);
    expect(await run()).toMatchObject({ status: 'completed', totals: [{ currency: 'usd', count: 5, amount: 12_510 }] });
    for (const id of ids) expect(await onlyPayout(id)).toMatchObject({ status: 'paid', attempts: 1 });
  });

  it('takes the cut-off it was made with, whatever a later call says', async () => {
    await affiliateOwed('early', 3000);
    await runDecember();
    await runs().run({ period: '2026-12', cutOff: new Date('2026-12-20T00:00:00Z') });
    expect((await api.database.prisma.payoutRun.findUniqueOrThrow({ where: { period: '2026-12' } })).cutOff).toEqual(
      CUT_OFF,
    );
  });

  it('waits for approval after reserving where the operator wants that', async () => {
    await api.close();
    api = await startTestApp({ now: '2026-11-20T12:00:00Z', env: { PAYOUT_APPROVAL: 'manual' } });
    const id = await affiliateOwed('approved', 3000);
    await runDecember();
    await runDecember();
    expect(await run()).toMatchObject({
      status: 'awaiting_approval',
      totals: [{ currency: 'usd', count: 1, amount: 3000 }],
    });
    expect(await balanceOf(id)).toMatchObject([{ payable: 0, inPayout: 3000 }]);
    expect(await transfers()).toEqual([]);
  });
});

describe('a transfer', () => {
  it.each<[string, RequestFaultKind, number]>([
    ['whose connection broke after Stripe had made it', 'drop_after_commit', 2],
    ['whose connection broke before Stripe saw it', 'drop_before', 2],
    ['that a proxy answered with 502 in its place', 'bad_gateway_502', 1],
    ['that was answered with another object', 'not_a_transfer', 1],
    ['that was asked for too fast', 'rate_limited_429', 1],
    ['that met a lock at Stripe', 'lock_timeout', 1],
  ])('%s stays pending and goes out with the same key, once', async (_title, kind, count) => {
    const id = await affiliateOwed('unlucky', 3000);
    failTransfers(kind, count);
    await runDecember();
    expect(await onlyPayout(id)).toMatchObject({ status: 'pending', failureCode: null, attempts: 1 });
    expect((await run()).status).toBe('sending');
    expect(await balanceOf(id)).toMatchObject([{ payable: 0, inPayout: 3000, paid: 0 }]);
    api.clock.advance(60_000);
    await runDecember();
    expect(await onlyPayout(id)).toMatchObject({ status: 'paid', attempts: 2 });
    expect((await transfers()).map(({ amount, transfer_group }) => [amount, transfer_group])).toEqual([
      [3000, (await onlyPayout(id)).id],
    ]);
    expect((await run()).status).toBe('completed');
  });

  it.each<[string, RequestFaultKind]>([
    ['was never made', 'error_500'],
    ['was made nevertheless', 'error_500_after_commit'],
  ])('whose 500 is stored under its key is looked up after 20 hours; it %s', async (_title, kind) => {
    const id = await affiliateOwed('stored', 3000);
    failTransfers(kind);
    await runDecember();
    for (let hours = 0; hours < 19; hours++) {
      api.clock.advance(HOUR_MS);
      await runDecember();
      expect(await onlyPayout(id)).toMatchObject({ status: 'pending' });
    }
    api.clock.advance(HOUR_MS);
    await runDecember();
    expect(await onlyPayout(id)).toMatchObject({ status: 'paid' });
    expect(await transfers()).toHaveLength(1);
    expect(await api.database.prisma.payoutAttempt.count()).toBe(kind === 'error_500' ? 2 : 1);
  });

  it('that Stripe refuses for good fails with its reason; the money is payable again and goes into the next run', async () => {
    const id = await affiliateOwed('refused', 3000);
    api.stripe.faults.add({ kind: 'refused_400', method: 'POST', path: '/v1/transfers' });
    await runDecember();
    expect(await onlyPayout(id)).toMatchObject({ status: 'failed', attempts: 1, stripeTransferId: null });
    expect((await onlyPayout(id)).failureCode).not.toBeNull();
    expect(await balanceOf(id)).toMatchObject([{ payable: 3000, inPayout: 0, paid: 0 }]);
    expect(await run()).toMatchObject({ status: 'completed', totals: [] });
    await runDecember();
    expect(await payoutsOf(id)).toHaveLength(1);
    await runs().run({ period: '2027-01', cutOff: new Date('2027-01-01T06:00:00Z') });
    expect((await payoutsOf(id)).map(({ status, period }) => [status, period])).toEqual([
      ['paid', '2027-01'],
      ['failed', '2026-12'],
    ]);
  });

  it('waits for funds; the other currency goes out, and so does this one once the balance is there', async () => {
    const poor = await affiliateOwed('poor', 3000);
    const rich = await affiliateOwed('rich', 3000, { currency: 'eur' });
    await setBalance({ usd: 100 });
    await runDecember();
    expect(await onlyPayout(rich)).toMatchObject({ status: 'paid' });
    expect(await onlyPayout(poor)).toMatchObject({ status: 'pending' });
    expect((await run()).status).toBe('waiting_for_funds');
    await setBalance({ usd: 10_000 });
    api.clock.advance(HOUR_MS);
    await runDecember();
    expect(await onlyPayout(poor)).toMatchObject({ status: 'paid' });
    expect((await run()).status).toBe('completed');
  });

  it('is not tried when the keys are wrong: the run stops and gives nothing back', async () => {
    const id = await affiliateOwed('locked', 3000);
    api.stripe.faults.add({ kind: 'unauthorized_401', method: 'POST', path: '/v1/transfers' });
    await expect(runDecember()).rejects.toThrow(SendingHaltedError);
    expect(await onlyPayout(id)).toMatchObject({ status: 'pending' });
    expect(await balanceOf(id)).toMatchObject([{ inPayout: 3000 }]);
    await runDecember();
    expect(await onlyPayout(id)).toMatchObject({ status: 'paid' });
    expect(await transfers()).toHaveLength(1);
  });

  it('that was sent by a process that died before it could write down the answer is made once', async () => {
    const id = await affiliateOwed('crashed', 3000);
    failTransfers('drop_after_commit', 2);
    await runDecember();
    // The process died: what it knew is that it was about to send, and nothing else.
    const payout = await onlyPayout(id);
    await api.database.prisma.payout.update({ where: { id: payout.id }, data: { nextTryAt: null } });
    await runDecember();
    expect(await onlyPayout(id)).toMatchObject({ status: 'paid' });
    expect(await transfers()).toHaveLength(1);
  });
});

describe('a process that comes back after its claim has run out', () => {
  it('sends nothing for a payout that another one has cancelled and returned meanwhile', async () => {
    const id = await affiliateOwed('stale', 3000);
    // The first process has found the affiliate active and now waits for Stripe's word on the account.
    api.stripe.faults.add({ kind: 'delay_ms', method: 'GET', path: '/v2/core/accounts/*', delayMs: 3000 });
    const first = runDecember();
    await eventually(async () => expect(api.stripe.faults.pending().requests).toEqual([]));
    await api.request('PATCH', `/v1/affiliates/${id}`, { body: { status: 'suspended' } });
    api.clock.advance(60_000);
    await runDecember();
    expect(await onlyPayout(id)).toMatchObject({ status: 'canceled' });
    await first;
    expect(await transfers()).toEqual([]);
    expect(await balanceOf(id)).toMatchObject([{ payable: 3000, inPayout: 0, paid: 0 }]);
  });
});
