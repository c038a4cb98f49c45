import type { PreviewDto } from '../../../src/payouts/preview/preview.dto.js';
import { SendingHaltedError } from '../../../src/payouts/sending/sending-halted.error.js';
import { PayoutRunsService } from '../../../src/payouts/runs/payout-runs.service.js';
import type { RequestFaultKind } from '../../../src/stripe/emulator/index.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { holdRequest } from '../../setup/held-requests.js';
import { onboard } from '../../setup/host.js';
import { expectKeptOutcomes, expectSoundLedger, expectStatesListed } from '../../setup/ledger.js';
import {
  affiliateOwed,
  balanceOf,
  earn,
  failTransfers,
  onlyPayout,
  payoutsOf,
  runOf,
  runPeriod,
  setBalance,
  transfersOf,
} from '../../setup/payday.js';

const CUT_OFF = new Date('2026-12-01T06:00:00Z');
const HOUR_MS = 60 * 60 * 1000;

let api: TestApp;

beforeEach(async () => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z' });
});
afterEach(async () => {
  await expectSoundLedger(api);
  await expectStatesListed(api);
  await expectKeptOutcomes(api);
  await api.close();
});

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
    await setBalance(api, { kwd: 1_000_000 });
    for (const [name, amount, currency] of owed) idOf.set(name, await affiliateOwed(api, name, amount, { currency }));
    const preview = await api.request<PreviewDto>('POST', '/v1/payout-runs/preview', { body: { period: '2026-12' } });
    expect(new Set(preview.body.payouts.map(({ affiliateId }) => affiliateId))).toEqual(
      new Set(['exact', 'above', 'yen', 'dinar'].map((name) => idOf.get(name))),
    );
    await runPeriod(api, '2026-12');
    const sent = (await transfersOf(api)).map(({ amount, currency }) => `${amount} ${currency}`).sort();
    expect(sent).toEqual(['25 jpy', '2500 usd', '25000 kwd', '2501 usd']);
    expect(await runOf(api)).toMatchObject({
      status: 'completed',
      totals: [
        { currency: 'jpy', count: 1, amount: 25 },
        { currency: 'kwd', count: 1, amount: 25_000 },
        { currency: 'usd', count: 2, amount: 5001 },
      ],
      skipped: [{ reason: 'below_minimum', count: 3 }],
    });
    // What waited goes out once more was earned.
    await earn(api, 'below', 1);
    await runPeriod(api, '2027-01');
    expect(await onlyPayout(api, idOf.get('below') ?? '')).toMatchObject({
      amount: 2500,
      period: '2027-01',
      status: 'paid',
    });
  });

  it('is nobody who is suspended, never onboarded, or earned only after the cut-off', async () => {
    const suspended = await affiliateOwed(api, 'suspended', 3000);
    await api.request('PATCH', `/v1/affiliates/${suspended}`, { body: { status: 'suspended' } });
    await affiliateOwed(api, 'stranger', 3000, { onboarded: false });
    const later = await affiliateOwed(api, 'later', 3000, { paidAt: new Date('2026-12-01T06:00:01Z') });
    await runPeriod(api, '2026-12');
    expect(await transfersOf(api)).toEqual([]);
    expect(await runOf(api)).toMatchObject({
      status: 'completed',
      totals: [],
      skipped: [
        { reason: 'not_onboarded', count: 1 },
        { reason: 'suspended', count: 1 },
      ],
    });
    expect(await balanceOf(api, later)).toMatchObject([{ payable: 3000 }]);
  });

  it('is not who was suspended or restricted between reserving and sending: the money goes back', async () => {
    const restricted = await affiliateOwed(api, 'restricted', 3000);
    const { stripeAccountId } = (await api.request<{ stripeAccountId: string }>('GET', `/v1/affiliates/${restricted}`))
      .body;
    await fetch(`${api.stripe.url}/_emulator/accounts/${stripeAccountId}/restrict`, { method: 'POST' });
    await runPeriod(api, '2026-12');
    expect(await transfersOf(api)).toEqual([]);
    expect(await onlyPayout(api, restricted)).toMatchObject({
      status: 'canceled',
      attempts: 0,
      failureCode: 'account_restricted',
    });
    expect(await balanceOf(api, restricted)).toMatchObject([{ payable: 3000, inPayout: 0, paid: 0 }]);
    expect(await runOf(api)).toMatchObject({
      status: 'completed',
      totals: [],
      skipped: [{ reason: 'account_restricted', count: 1 }],
    });
    // Once it is well again, the next run pays it.
    await fetch(`${api.stripe.url}/_emulator/accounts/${stripeAccountId}/complete-onboarding`, { method: 'POST' });
    await api.settle();
    await runPeriod(api, '2027-01');
    expect((await payoutsOf(api, restricted)).map(({ status }) => status)).toEqual(['paid', 'canceled']);
  });

  it('is not who is suspended while Stripe is asked about the account', async () => {
    const id = await affiliateOwed(api, 'asked about', 3000);
    const question = holdRequest(api.stripe, { method: 'GET', path: '/v2/core/accounts/*' });
    const running = runPeriod(api, '2026-12');
    await question.arrived();
    await api.request('PATCH', `/v1/affiliates/${id}`, { body: { status: 'suspended' } });
    question.letGo();
    await running;
    expect(await transfersOf(api)).toEqual([]);
    api.clock.advance(60_000);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'canceled', attempts: 0, failureCode: 'suspended' });
    expect(await balanceOf(api, id)).toMatchObject([{ payable: 3000, inPayout: 0, paid: 0 }]);
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
    await earn(api, 'patient', 3000);
    expect(await balanceOf(api, affiliate.id)).toMatchObject([{ held: 3000, payable: 0 }]);
    const preview = (asOf: string) =>
      api.request<PreviewDto>('POST', '/v1/payout-runs/preview', { body: { period: '2026-12', asOf } });
    expect((await preview('2026-11-30T11:59:59Z')).body.payouts).toEqual([]);
    expect((await preview('2026-11-30T12:00:00Z')).body.payouts).toEqual([
      { affiliateId: affiliate.id, amount: 3000, currency: 'usd' },
    ]);
    expect(await balanceOf(api, affiliate.id)).toMatchObject([{ held: 3000, payable: 0 }]);
    await runPeriod(api, '2026-12');
    expect(await balanceOf(api, affiliate.id)).toMatchObject([{ held: 0, payable: 0, paid: 3000 }]);
  });
});

describe('a run', () => {
  it('pays once, however many start it at the same moment and however often it is resumed', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(await affiliateOwed(api, `many-${i}`, 2500 + i));
    await Promise.all(Array.from({ length: 6 }, () => runPeriod(api, '2026-12')));
    await runPeriod(api, '2026-12');
    expect((await transfersOf(api)).map(({ amount }) => amount).sort()).toEqual([2500, 2501, 2502, 2503, 2504]);
    expect(await runOf(api)).toMatchObject({
      status: 'completed',
      totals: [{ currency: 'usd', count: 5, amount: 12_510 }],
    });
    for (const id of ids) expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid', attempts: 1 });
  });

  it('takes the cut-off it was made with, whatever a later call says', async () => {
    await affiliateOwed(api, 'early', 3000);
    await runPeriod(api, '2026-12');
    await api.app.get(PayoutRunsService).run({ period: '2026-12', cutOff: new Date('2026-12-20T00:00:00Z') });
    expect((await api.database.prisma.payoutRun.findUniqueOrThrow({ where: { period: '2026-12' } })).cutOff).toEqual(
      CUT_OFF,
    );
  });

  it('waits for approval after reserving where the operator wants that', async () => {
    await api.close();
    api = await startTestApp({ now: '2026-11-20T12:00:00Z', env: { PAYOUT_APPROVAL: 'manual' } });
    const id = await affiliateOwed(api, 'approved', 3000);
    await runPeriod(api, '2026-12');
    await runPeriod(api, '2026-12');
    expect(await runOf(api)).toMatchObject({
      status: 'awaiting_approval',
      totals: [{ currency: 'usd', count: 1, amount: 3000 }],
    });
    expect(await balanceOf(api, id)).toMatchObject([{ payable: 0, inPayout: 3000 }]);
    expect(await transfersOf(api)).toEqual([]);
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
    const id = await affiliateOwed(api, 'unlucky', 3000);
    failTransfers(api, kind, count);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'pending', failureCode: null, attempts: 1 });
    expect((await runOf(api)).status).toBe('sending');
    expect(await balanceOf(api, id)).toMatchObject([{ payable: 0, inPayout: 3000, paid: 0 }]);
    api.clock.advance(60_000);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid', attempts: 2 });
    expect((await transfersOf(api)).map(({ amount, transfer_group }) => [amount, transfer_group])).toEqual([
      [3000, (await onlyPayout(api, id)).id],
    ]);
    expect((await runOf(api)).status).toBe('completed');
  });

  it.each<[string, RequestFaultKind]>([
    ['was never made', 'error_500'],
    ['was made nevertheless', 'error_500_after_commit'],
  ])('whose 500 is stored under its key is looked up after 20 hours; it %s', async (_title, kind) => {
    const id = await affiliateOwed(api, 'stored', 3000);
    failTransfers(api, kind);
    await runPeriod(api, '2026-12');
    for (let hours = 0; hours < 19; hours++) {
      api.clock.advance(HOUR_MS);
      await runPeriod(api, '2026-12');
      expect(await onlyPayout(api, id)).toMatchObject({ status: 'pending' });
    }
    api.clock.advance(HOUR_MS);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid' });
    expect(await transfersOf(api)).toHaveLength(1);
    expect(await api.database.prisma.payoutAttempt.count()).toBe(kind === 'error_500' ? 2 : 1);
  });

  it('that Stripe refuses for good fails with its reason; the money is payable again and goes into the next run', async () => {
    const id = await affiliateOwed(api, 'refused', 3000);
    api.stripe.faults.add({ kind: 'refused_400', method: 'POST', path: '/v1/transfers' });
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'failed', attempts: 1, stripeTransferId: null });
    expect((await onlyPayout(api, id)).failureCode).not.toBeNull();
    expect(await balanceOf(api, id)).toMatchObject([{ payable: 3000, inPayout: 0, paid: 0 }]);
    expect(await runOf(api)).toMatchObject({ status: 'completed', totals: [] });
    await runPeriod(api, '2026-12');
    expect(await payoutsOf(api, id)).toHaveLength(1);
    await runPeriod(api, '2027-01');
    expect((await payoutsOf(api, id)).map(({ status, period }) => [status, period])).toEqual([
      ['paid', '2027-01'],
      ['failed', '2026-12'],
    ]);
  });

  it('waits for funds; the other currency goes out, and so does this one once the balance is there', async () => {
    const poor = await affiliateOwed(api, 'poor', 3000);
    const rich = await affiliateOwed(api, 'rich', 3000, { currency: 'eur' });
    await setBalance(api, { usd: 100 });
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, rich)).toMatchObject({ status: 'paid' });
    expect(await onlyPayout(api, poor)).toMatchObject({ status: 'pending' });
    expect((await runOf(api)).status).toBe('waiting_for_funds');
    await setBalance(api, { usd: 10_000 });
    api.clock.advance(HOUR_MS);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, poor)).toMatchObject({ status: 'paid' });
    expect((await runOf(api)).status).toBe('completed');
  });

  it('is not tried when the keys are wrong: the run stops and gives nothing back', async () => {
    const id = await affiliateOwed(api, 'locked', 3000);
    // Until they are mended: each minute the server tries by itself, too.
    failTransfers(api, 'unauthorized_401', null);
    await expect(runPeriod(api, '2026-12')).rejects.toThrow(SendingHaltedError);
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'pending' });
    expect(await balanceOf(api, id)).toMatchObject([{ inPayout: 3000 }]);
    api.stripe.faults.clear();
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid' });
    expect(await transfersOf(api)).toHaveLength(1);
  });

  it('that was sent by a process that died before it could write down the answer is made once', async () => {
    const id = await affiliateOwed(api, 'crashed', 3000);
    failTransfers(api, 'drop_after_commit', 2);
    await runPeriod(api, '2026-12');
    // The process died: what it knew is that it was about to send, and nothing else.
    const payout = await onlyPayout(api, id);
    await api.database.prisma.payout.update({ where: { id: payout.id }, data: { nextTryAt: null } });
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid' });
    expect(await transfersOf(api)).toHaveLength(1);
  });
});

describe('a process that comes back after its claim has run out', () => {
  it('sends nothing for a payout that another one has cancelled and returned meanwhile', async () => {
    const id = await affiliateOwed(api, 'stale', 3000);
    // The first process has found the affiliate active and now waits for Stripe's word on the account.
    const question = holdRequest(api.stripe, { method: 'GET', path: '/v2/core/accounts/*' });
    const first = runPeriod(api, '2026-12');
    await question.arrived();
    await api.request('PATCH', `/v1/affiliates/${id}`, { body: { status: 'suspended' } });
    api.clock.advance(60_000);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'canceled' });
    question.letGo();
    await first;
    expect(await transfersOf(api)).toEqual([]);
    expect(await balanceOf(api, id)).toMatchObject([{ payable: 3000, inPayout: 0, paid: 0 }]);
  });
});
