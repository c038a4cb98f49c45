/** failures.md, rows 55 and 56: money of a paid payout that comes back, because Stripe or staff or we took it. */
import type Stripe from 'stripe';
import { ReviewCases } from '../../src/fraud/review-cases.service.js';
import type { PayoutDto, PayoutPageDto, PayoutRunDto } from '../../src/payouts/payout.dto.js';
import { AdjustmentsService } from '../../src/commissions/adjustments.service.js';
import { ClawbackDebts } from '../../src/payouts/reversals/clawback-debts.js';
import { ClawbackScheduler } from '../../src/payouts/reversals/clawback-scheduler.js';
import { ClawbackSender } from '../../src/payouts/reversals/clawback-sender.js';
import type { RequestFaultKind } from '../../src/stripe/emulator/index.js';
import { PayoutRetry } from '../../src/payouts/runs/payout-retry.service.js';
import { PayoutRunsService } from '../../src/payouts/runs/payout-runs.service.js';
import { startTestApp, type TestApp } from '../setup/app.js';
import { holdRequest } from '../setup/held-requests.js';
import { hostStripe, onboard } from '../setup/host.js';
import { expectKeptOutcomes, expectSoundLedger, expectStatesListed } from '../setup/ledger.js';
import { untilSomebodyWaits } from '../setup/overlap.js';
import { expectReconciled } from '../setup/reconciliation.js';
import { balancesOf, commissionOf, namesOf, pay, sell, tell, type Sale } from '../setup/sales.js';
import { deliver, eventOf, refundOf } from '../setup/webhooks.js';

const HOUR_MS = 60 * 60 * 1000;

let api: TestApp;

const start = async (env: Record<string, string> = {}): Promise<void> => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z', env });
};
afterEach(async () => {
  await expectSoundLedger(api);
  await expectKeptOutcomes(api);
  await expectStatesListed(api);
  await api.close();
});

const stripe = (): Stripe => hostStripe(api);
const runPeriod = async (period: string): Promise<void> => {
  api.clock.set(`${period}-01T06:00:00Z`);
  await api.app.get(PayoutRunsService).run({ period, cutOff: new Date(`${period}-01T06:00:00Z`) });
};
const payoutsOf = async (affiliateId: string): Promise<PayoutDto[]> =>
  (await api.request<PayoutPageDto>('GET', `/v1/payouts?affiliateId=${affiliateId}`)).body.data;
const lastPayout = async (affiliateId: string): Promise<PayoutDto> => (await payoutsOf(affiliateId))[0] as PayoutDto;
const reversedEntries = (affiliateId: string) =>
  api.database.prisma.journalEntry.findMany({
    where: { affiliateId, kind: 'payout_reversed' },
    orderBy: { id: 'asc' },
  });
const caseOf = (affiliateId: string, rule: string) =>
  api.database.prisma.reviewCase.findFirst({ where: { affiliateId, rule }, include: { signals: true } });
const approve = (caseId: string) =>
  api.database.transaction((tx) =>
    api.app
      .get(ReviewCases)
      .close(tx, caseId, { decision: 'approved', staffUserId: 'staff-1', reason: 'It was our own mistake.' }),
  );

/** An onboarded affiliate who was paid 30.00 USD in December. */
async function paidAffiliate(name: string): Promise<Sale & { payout: PayoutDto; transferId: string }> {
  const sale = await sell(api, name, { total: 15_000 });
  await onboard(api, sale.affiliateId);
  await runPeriod('2026-12');
  await api.settle();
  const payout = await lastPayout(sale.affiliateId);
  expect(payout).toMatchObject({ status: 'paid', amount: 3000, amountReversed: 0 });
  return { ...sale, payout, transferId: payout.stripeTransferId as string };
}

describe('a transfer that is reversed at Stripe', () => {
  beforeEach(() => start());

  it('55 · in part gives back that part only, and what is told again or too late adds nothing', async () => {
    const { affiliateId, transferId } = await paidAffiliate('In part');
    await stripe().transfers.createReversal(transferId, { amount: 500 });
    const early = await stripe().transfers.retrieve(transferId);
    await api.settle();
    expect(await lastPayout(affiliateId)).toMatchObject({ status: 'paid', amount: 3000, amountReversed: 500 });
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ payable: 500, inPayout: 0, paid: 2500 }]);

    await stripe().transfers.createReversal(transferId, { amount: 700 });
    await api.settle();
    await tell(api, 'transfer.reversed', early);
    await tell(api, 'transfer.updated', await stripe().transfers.retrieve(transferId));
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ payable: 1200, paid: 1800, lifetimeEarned: 3000 }]);
    expect((await reversedEntries(affiliateId)).map(({ facts }) => facts)).toMatchObject([
      { amountReversedMinor: '500', reversedBeforeMinor: '0' },
      { amountReversedMinor: '1200', reversedBeforeMinor: '500' },
    ]);
  });

  it('55 · in several parts told together and in the wrong order is posted once, up to the largest amount', async () => {
    const { affiliateId, transferId } = await paidAffiliate('Wrong order');
    api.stripe.faults.addForWebhooks({ kind: 'drop', types: ['transfer.reversed'] });
    const states: Stripe.Transfer[] = [];
    for (const amount of [100, 200, 300, 400]) {
      await stripe().transfers.createReversal(transferId, { amount });
      states.push(await stripe().transfers.retrieve(transferId));
    }
    const told = [2, 0, 3, 1, 3, 2, 0, 1].map((n) => eventOf(api, 'transfer.reversed', states[n] as Stripe.Transfer));
    await Promise.all(told.map((event) => deliver(api, event)));
    await api.settle();
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ payable: 1000, paid: 2000 }]);
    expect(await lastPayout(affiliateId)).toMatchObject({ status: 'paid', amountReversed: 1000 });
  });

  it('55 · whole makes the payout reversed and its commission payable; staff decide before it is paid again', async () => {
    const sale = await paidAffiliate('Whole');
    const { affiliateId, transferId } = sale;
    await stripe().transfers.createReversal(transferId);
    await api.settle();
    expect(await lastPayout(affiliateId)).toMatchObject({ status: 'reversed', amountReversed: 3000 });
    expect(await commissionOf(api, sale)).toMatchObject({ state: 'payable', payoutId: null, paidAt: null });
    const opened = await caseOf(affiliateId, 'transfer_reversed');
    expect(opened).toMatchObject({ status: 'open', holds: true, signals: [{ key: `${transferId}:3000` }] });

    await runPeriod('2027-01');
    expect(await payoutsOf(affiliateId)).toHaveLength(1);
    const { body: run } = await api.request<PayoutRunDto>('GET', '/v1/payout-runs/2027-01');
    expect(run.skipped).toEqual([{ reason: 'under_review', count: 1 }]);

    await approve(opened?.id ?? '');
    await runPeriod('2027-02');
    const again = await lastPayout(affiliateId);
    expect(again).toMatchObject({ period: '2027-02', status: 'paid', amount: 3000 });
    expect(await commissionOf(api, sale)).toMatchObject({ state: 'paid', payoutId: again.id });
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ payable: 0, paid: 3000 }]);
    // Old news of the first transfer does not open the case again.
    await tell(api, 'transfer.updated', await stripe().transfers.retrieve(transferId));
    expect(await api.database.prisma.reviewCase.count({ where: { affiliateId, status: 'open' } })).toBe(0);
  });

  it('55 · whole, but in two parts that two later payouts take: its commission is where the last of it is', async () => {
    const sale = await paidAffiliate('In two parts');
    const { affiliateId, transferId } = sale;
    const takeBack = async (amount: number): Promise<void> => {
      await stripe().transfers.createReversal(transferId, { amount });
      await api.settle();
      const opened = await api.database.prisma.reviewCase.findFirst({ where: { affiliateId, status: 'open' } });
      await approve(opened?.id ?? '');
    };
    await takeBack(2600);
    await runPeriod('2027-01');
    await takeBack(400);
    const { customer } = namesOf('In two parts');
    await pay(api, { id: 'in_more', payment: 'pi_more', customer, userId: sale.userId, total: 15_000 });
    await runPeriod('2027-02');
    const last = await lastPayout(affiliateId);
    expect(last).toMatchObject({ period: '2027-02', status: 'paid', amount: 3400 });
    expect(await commissionOf(api, sale)).toMatchObject({ state: 'paid', payoutId: last.id });
  });

  it('55 · whole is not paid anew in its own period by trying a payout again that had failed there before', async () => {
    const { affiliateId } = await sell(api, 'Twice in a month', { total: 15_000 });
    await onboard(api, affiliateId);
    api.stripe.faults.add({ kind: 'refused_400', method: 'POST', path: '/v1/transfers' });
    await runPeriod('2026-12');
    const { id: failedId } = await lastPayout(affiliateId);
    const retry = () =>
      api.app.get(PayoutRetry).retryPayout(failedId, { staffUserId: 'staff-1', reason: 'Looked at by hand.' });
    expect(await retry()).toBe(true);
    await runPeriod('2026-12');
    await stripe().transfers.createReversal((await lastPayout(affiliateId)).stripeTransferId as string);
    await api.settle();
    const opened = await caseOf(affiliateId, 'transfer_reversed');
    await approve(opened?.id ?? '');
    expect(await retry()).toBe(false);
    expect((await payoutsOf(affiliateId)).map(({ status }) => status)).toEqual(['reversed', 'failed']);
    await runPeriod('2027-01');
    expect(await lastPayout(affiliateId)).toMatchObject({ period: '2027-01', status: 'paid', amount: 3000 });
  });

  it('55 · before its payout is known to be paid is kept, and counts once it is', async () => {
    const sale = await sell(api, 'Early', { total: 15_000 });
    await onboard(api, sale.affiliateId);
    // The transfer is made, its answer is lost, and nobody knows of it but Stripe.
    api.stripe.faults.add({ kind: 'drop_after_commit', method: 'POST', path: '/v1/transfers', count: 2 });
    await runPeriod('2026-12');
    const pending = await lastPayout(sale.affiliateId);
    expect(pending).toMatchObject({ status: 'pending' });
    const { data } = await stripe().transfers.list({ transfer_group: pending.id });
    await stripe().transfers.createReversal(data[0]?.id ?? '', { amount: 800 });
    await api.settle();
    expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ payable: 0, inPayout: 3000, paid: 0 }]);
    expect(await api.database.prisma.reviewCase.count()).toBe(0);

    api.clock.advance(HOUR_MS);
    await api.app.get(PayoutRunsService).run({ period: '2026-12', cutOff: new Date('2026-12-01T06:00:00Z') });
    expect(await lastPayout(sale.affiliateId)).toMatchObject({ status: 'paid', amountReversed: 800 });
    expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ payable: 800, inPayout: 0, paid: 2200 }]);
    expect(await caseOf(sale.affiliateId, 'transfer_reversed')).toMatchObject({ status: 'open' });
  });

  it('55 · belongs to nobody here when it is another payment of the platform', async () => {
    const { affiliateId, payout } = await paidAffiliate('Another');
    const { destination } = await stripe().transfers.retrieve(payout.stripeTransferId as string);
    const other = await stripe().transfers.create({
      amount: 900,
      currency: 'usd',
      destination: destination as string,
      transfer_group: 'order-17',
    });
    await stripe().transfers.createReversal(other.id);
    await api.settle();
    expect(await api.database.prisma.stripeTransfer.count({ where: { id: other.id } })).toBe(0);
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ payable: 0, paid: 3000 }]);
  });
});

describe('a transfer of our groups that no paid payout stands for', () => {
  beforeEach(() => start());

  it('opens a holding case, is not taken for the payment, and is forgotten once it came back whole', async () => {
    const { affiliateId, payout, transferId } = await paidAffiliate('Twice');
    const { destination } = await stripe().transfers.retrieve(transferId);
    const second = await stripe().transfers.create({
      amount: 3000,
      currency: 'usd',
      destination: destination as string,
      transfer_group: payout.id,
    });
    await api.settle();
    expect(await caseOf(affiliateId, 'unexpected_transfer')).toMatchObject({
      holds: true,
      signals: [{ key: second.id }],
    });
    await stripe().transfers.createReversal(second.id);
    await api.settle();
    expect(await lastPayout(affiliateId)).toMatchObject({ status: 'paid', amountReversed: 0 });
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ payable: 0, paid: 3000 }]);
    expect(await caseOf(affiliateId, 'transfer_reversed')).toBeNull();
  });

  it('is seen beside a payout that was never sent and is given back: nothing is paid again before staff have said so', async () => {
    const { affiliateId } = await sell(api, 'By hand', { total: 15_000 });
    await onboard(api, affiliateId);
    const setStatus = (status: string) => api.request('PATCH', `/v1/affiliates/${affiliateId}`, { body: { status } });
    api.stripe.faults.add({ kind: 'error_500', method: 'GET', path: '/v2/core/accounts/*', count: null });
    await runPeriod('2026-12');
    const { id } = await lastPayout(affiliateId);
    const { destination } = await api.database.prisma.payout.findUniqueOrThrow({ where: { id } });
    const byHand = await stripe().transfers.create({ amount: 3000, currency: 'usd', destination, transfer_group: id });
    await api.settle();
    expect(await caseOf(affiliateId, 'unexpected_transfer')).toBeNull();
    api.stripe.faults.clear();
    await setStatus('suspended');
    api.clock.advance(HOUR_MS);
    await api.app.get(PayoutRunsService).run({ period: '2026-12', cutOff: new Date('2026-12-01T06:00:00Z') });
    expect(await lastPayout(affiliateId)).toMatchObject({ status: 'canceled', failureCode: 'suspended' });
    expect(await balancesOf(api, affiliateId)).toMatchObject([{ payable: 3000, inPayout: 0, paid: 0 }]);
    expect(await caseOf(affiliateId, 'unexpected_transfer')).toMatchObject({
      status: 'open',
      holds: true,
      signals: [{ key: byHand.id }],
    });
    await setStatus('active');
    await runPeriod('2027-01');
    expect((await payoutsOf(affiliateId)).map(({ status }) => status)).toEqual(['canceled']);
  });

  it.each<[string, object]>([
    ['account', { destination: 'acct_elsewhere' }],
    ['amount', { amount: 2999 }],
  ])('is also the payout’s own where it went to another %s than was asked for', async (_what, other) => {
    api.stripe.faults.addForWebhooks({ kind: 'drop', types: ['transfer.created'] });
    const { affiliateId, transferId } = await paidAffiliate('Not as asked');
    await tell(api, 'transfer.created', { ...(await stripe().transfers.retrieve(transferId)), ...other });
    expect(await caseOf(affiliateId, 'unexpected_transfer')).toMatchObject({
      status: 'open',
      holds: true,
      signals: [{ key: transferId }],
    });
  });
});

describe('what an affiliate owes after a commission that was paid is reversed', () => {
  const REVERSALS = '/v1/transfers/*/reversals';
  const tick = () => api.app.get(ClawbackScheduler).tick();
  const refund = (sale: Pick<Sale, 'payment'>, amount: number, currency = 'usd') =>
    tell(api, 'refund.created', refundOf(api, { payment: sale.payment, amount, currency }));
  /** What was asked for, oldest first. */
  const asked = async (): Promise<unknown[]> =>
    (await api.database.prisma.transferReversal.findMany({ orderBy: { id: 'asc' } })).map(
      ({ transferId, amountMinor, status }) => [transferId, Number(amountMinor), status],
    );
  const adjust = (affiliateId: string, amountMinor: bigint) =>
    api.database.transaction((tx) =>
      api.app.get(AdjustmentsService).adjust(tx, {
        adjustmentId: `adj-${amountMinor}`,
        affiliateId,
        currency: 'usd',
        amountMinor,
        staffUserId: 'staff-1',
        reason: 'A bonus, or one that was not due.',
      }),
    );
  const destinationOf = async (payoutId: string): Promise<string> =>
    (await api.database.prisma.payout.findUniqueOrThrow({ where: { id: payoutId } })).destination;
  const takenBack = async (transferId: string): Promise<number> =>
    (await stripe().transfers.retrieve(transferId)).amount_reversed;
  const failReversals = (kind: RequestFaultKind, count = 1): void => {
    api.stripe.faults.add({ kind, method: 'POST', path: REVERSALS, count });
  };
  /** Another invoice of the same customer, of which this much is earned. */
  async function earn(sale: Sale, name: string, earnedMinor: number, currency = 'usd'): Promise<Pick<Sale, 'payment'>> {
    const { invoice: id, payment } = namesOf(name);
    const customer = sale.invoice.replace('in_', 'cus_');
    await pay(api, { id, payment, customer, userId: sale.userId, total: earnedMinor * 5, currency });
    return { payment };
  }
  afterEach(() => expectReconciled(api));

  it('is only netted, unless reversing transfers is asked for', async () => {
    await start();
    const sale = await paidAffiliate('By default');
    await refund(sale, 5000);
    await tick();
    expect(await asked()).toEqual([]);
    expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ payable: -1000, paid: 3000 }]);
  });

  describe('where reversing transfers is asked for', () => {
    beforeEach(() => start({ CLAWBACK_REVERSE_TRANSFERS: 'true' }));

    it('is taken back from the transfer once, without a question to staff, whoever tells of it', async () => {
      const sale = await paidAffiliate('Once');
      await refund(sale, 5000);
      await Promise.all([tick(), api.app.get(ClawbackDebts).claimBack(), tick()]);
      await api.settle();
      await tick();
      expect(await asked()).toEqual([[sale.transferId, 1000, 'succeeded']]);
      expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ payable: 0, paid: 2000, lifetimeEarned: 2000 }]);
      expect(await lastPayout(sale.affiliateId)).toMatchObject({ status: 'paid', amountReversed: 1000 });
      expect(await api.database.prisma.reviewCase.count()).toBe(0);
    });

    it('comes from the newest payouts first, never more than each has left, and never what an adjustment took', async () => {
      const sale = await paidAffiliate('Backwards');
      await earn(sale, 'Backwards January', 2600);
      await runPeriod('2027-01');
      await api.settle();
      const january = (await lastPayout(sale.affiliateId)).stripeTransferId as string;
      await refund(sale, 15_000);
      await adjust(sale.affiliateId, -400n);
      await tick();
      await api.settle();
      await tick();
      expect(await asked()).toEqual([
        [january, 2600, 'succeeded'],
        [sale.transferId, 400, 'succeeded'],
      ]);
      expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ payable: -400, paid: 2600 }]);
      const statuses = (await payoutsOf(sale.affiliateId)).map(({ status, amountReversed }) => [
        status,
        amountReversed,
      ]);
      expect(statuses).toEqual([
        ['reversed', 2600],
        ['paid', 400],
      ]);
    });

    it('56 · refused, since the account is empty, is carried forward, and asked for again only when more is owed', async () => {
      const sale = await paidAffiliate('Refused');
      await refund(sale, 5000);
      failReversals('balance_insufficient');
      await tick();
      api.clock.advance(24 * HOUR_MS);
      await tick();
      expect(await asked()).toEqual([[sale.transferId, 1000, 'refused']]);
      expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ payable: -1000, paid: 3000 }]);
      // More is owed: it is asked once more, for all of it.
      await refund(sale, 1000);
      failReversals('refused_400');
      await tick();
      await tick();
      expect(await asked()).toEqual([
        [sale.transferId, 1000, 'refused'],
        [sale.transferId, 1200, 'refused'],
      ]);
      await earn(sale, 'Refused January', 4200);
      await runPeriod('2027-01');
      await api.settle();
      expect(await lastPayout(sale.affiliateId)).toMatchObject({ status: 'paid', amount: 3000 });
      expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ payable: 0, paid: 6000 }]);
    });

    it.each<RequestFaultKind>(['drop_before', 'drop_after_commit', 'rate_limited_429', 'bad_gateway_502'])(
      'without a clear answer (%s) is asked for again under the same key',
      async (kind) => {
        const sale = await paidAffiliate('No answer');
        await refund(sale, 5000);
        failReversals(kind, kind.startsWith('drop') ? 2 : 1);
        await tick();
        expect(await asked()).toEqual([[sale.transferId, 1000, 'pending']]);
        await api.settle();
        api.clock.advance(5 * 60 * 1000);
        await tick();
        await api.settle();
        expect(await asked()).toEqual([[sale.transferId, 1000, 'succeeded']]);
        expect(await takenBack(sale.transferId)).toBe(1000);
        expect(await api.database.prisma.reviewCase.count()).toBe(0);
      },
    );

    it.each<[RequestFaultKind, number]>([
      ['error_500_after_commit', 1],
      ['error_500', 2],
    ])('whose 500 is kept under its key (%s) is looked up after 20 hours', async (kind, attempts) => {
      const sale = await paidAffiliate('Kept');
      await refund(sale, 5000);
      failReversals(kind);
      await tick();
      for (let hours = 0; hours < 19; hours++) {
        api.clock.advance(HOUR_MS);
        await tick();
      }
      expect(await asked()).toEqual([[sale.transferId, 1000, 'pending']]);
      for (let hours = 0; hours < 3; hours++) {
        api.clock.advance(HOUR_MS);
        await tick();
      }
      await api.settle();
      expect(await asked()).toEqual([[sale.transferId, 1000, 'succeeded']]);
      expect(await takenBack(sale.transferId)).toBe(1000);
      expect(await api.database.prisma.transferReversal.findFirst()).toMatchObject({ attemptNo: attempts });
      expect(await api.database.prisma.reviewCase.count()).toBe(0);
    });

    it('is no longer taken for what somebody else took back once it is refused: staff hear of that', async () => {
      const sale = await paidAffiliate('Refused beside');
      await refund(sale, 5000);
      failReversals('drop_before', 2);
      await tick();
      await stripe().transfers.createReversal(sale.transferId, { amount: 300 });
      await api.settle();
      // As far as anybody can tell, it may be a part of our own.
      expect(await api.database.prisma.reviewCase.count()).toBe(0);
      failReversals('refused_400');
      api.clock.advance(5 * 60 * 1000);
      await tick();
      expect(await asked()).toEqual([[sale.transferId, 1000, 'refused']]);
      expect(await caseOf(sale.affiliateId, 'transfer_reversed')).toMatchObject({
        signals: [{ key: `${sale.transferId}:300` }],
      });
      expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ payable: -700, paid: 2700 }]);
    });

    it('that one process looked for in vain while another asked again is not asked for under another key', async () => {
      const sale = await paidAffiliate('Crossed');
      await refund(sale, 5000);
      api.stripe.faults.addForWebhooks({ kind: 'drop', types: ['transfer.reversed'] });
      failReversals('drop_before', 2);
      await tick();
      api.clock.advance(20 * HOUR_MS);
      const search = holdRequest(api.stripe, { method: 'GET', path: '/v1/transfers/*/reversals', afterCommit: true });
      const looking = api.app.get(ClawbackSender).sendDue();
      await search.arrived();
      // The other one's clock is an hour behind: it still trusts the key.
      api.clock.advance(-HOUR_MS);
      failReversals('drop_after_commit', 2);
      await api.app.get(ClawbackSender).sendDue();
      api.clock.advance(HOUR_MS);
      search.letGo();
      await looking;
      api.clock.advance(HOUR_MS);
      await tick();
      expect(await asked()).toEqual([[sale.transferId, 1000, 'succeeded']]);
      expect(await takenBack(sale.transferId)).toBe(1000);
      expect(await api.database.prisma.transferReversal.findFirst()).toMatchObject({ attemptNo: 1 });
    });

    it('is asked for by one of two processes that come to it at the same moment', async () => {
      const sale = await paidAffiliate('Side by side');
      await refund(sale, 5000);
      await api.app.get(ClawbackDebts).claimBack();
      let sending: Promise<unknown> | undefined;
      await api.database.transaction(async (tx) => {
        await tx.$executeRaw`SELECT 1 FROM balances WHERE affiliate_id = ${sale.affiliateId} FOR UPDATE`;
        sending = Promise.all([1, 2].map(() => api.app.get(ClawbackSender).sendDue()));
        await untilSomebodyWaits(api, tx, 2);
      });
      await sending;
      expect(await api.database.prisma.transferReversal.findMany()).toMatchObject([{ status: 'succeeded', sends: 1 }]);
      expect(await takenBack(sale.transferId)).toBe(1000);
    });

    it('refused by the account of today is asked of the one before, which was paid, too', async () => {
      const sale = await paidAffiliate('Moved');
      await fetch(`${api.stripe.url}/_emulator/accounts/${await destinationOf(sale.payout.id)}/deauthorize`, {
        method: 'POST',
      });
      await api.settle();
      await onboard(api, sale.affiliateId);
      await earn(sale, 'Moved January', 2600);
      await runPeriod('2027-01');
      const january = await lastPayout(sale.affiliateId);
      expect(await destinationOf(january.id)).not.toBe(await destinationOf(sale.payout.id));
      await refund(sale, 5000);
      failReversals('balance_insufficient');
      await tick();
      await tick();
      expect(await asked()).toEqual([
        [january.stripeTransferId, 1000, 'refused'],
        [sale.transferId, 1000, 'succeeded'],
      ]);
    });

    it('is no more than the balance lacks, and than is left of a payout beside what it is asked for already', async () => {
      const sale = await paidAffiliate('Step by step');
      await earn(sale, 'Step by step January', 2600);
      await runPeriod('2027-01');
      const january = (await lastPayout(sale.affiliateId)).stripeTransferId as string;
      await adjust(sale.affiliateId, 300n);
      failReversals('bad_gateway_502');
      await refund(sale, 5000);
      await tick();
      expect(await asked()).toEqual([[january, 700, 'pending']]);
      await refund(sale, 10_000);
      await tick();
      await api.settle();
      api.clock.advance(5 * 60 * 1000);
      await tick();
      await api.settle();
      expect(await asked()).toEqual([
        [january, 700, 'succeeded'],
        [january, 1900, 'succeeded'],
        [sale.transferId, 100, 'succeeded'],
      ]);
      expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ payable: 0, paid: 2900 }]);
    });

    it('is owed and taken currency by currency, whatever is earned, asked for and refused in another one', async () => {
      const sale = await paidAffiliate('Two currencies');
      const euro = await earn(sale, 'In euros', 2600, 'eur');
      await runPeriod('2027-01');
      const euros = (await lastPayout(sale.affiliateId)).stripeTransferId as string;
      await refund(euro, 5000, 'eur');
      failReversals('balance_insufficient');
      await tick();
      api.stripe.faults.clear();
      const refused = [euros, 1000, 'refused'];
      expect(await asked()).toEqual([refused]);
      const taken = [sale.transferId, 500, 'succeeded'];
      await refund(sale, 2500);
      await tick();
      expect(await asked()).toEqual([refused, taken]);

      await earn(sale, 'More in euros', 1100, 'eur');
      await refund(sale, 2500);
      await tick();
      expect(await asked()).toEqual([refused, taken, taken]);

      await refund(euro, 5000, 'eur');
      failReversals('bad_gateway_502');
      await tick();
      api.stripe.faults.clear();
      await refund(sale, 2500);
      await tick();
      expect(await asked()).toEqual([refused, taken, taken, [euros, 900, 'pending'], taken]);
      api.clock.advance(5 * 60 * 1000);
      await tick();
      await api.settle();
      expect(await balancesOf(api, sale.affiliateId)).toMatchObject([
        { currency: 'eur', payable: 0, paid: 1700 },
        { currency: 'usd', payable: 0, paid: 1500 },
      ]);
    });

    it('that was asked for with a key of Stripe replaced since is asked for anew once the request can arrive no more', async () => {
      const sale = await paidAffiliate('Another key');
      await refund(sale, 5000);
      failReversals('drop_before', 2);
      await tick();
      await api.database.prisma.transferReversal.updateMany({ data: { credentialId: 'the key before' } });
      const attemptAfter = async (minutes: number): Promise<unknown> => {
        api.clock.advance(minutes * 60 * 1000);
        await tick();
        await tick();
        const { attemptNo, status } = await api.database.prisma.transferReversal.findFirstOrThrow();
        return [attemptNo, status];
      };
      expect(await attemptAfter(9)).toEqual([1, 'pending']);
      expect(await attemptAfter(2)).toEqual([2, 'succeeded']);
      expect(await takenBack(sale.transferId)).toBe(1000);
    });

    it('and lately again is not asked for under another key before that request can arrive no more', async () => {
      const sale = await paidAffiliate('Lately');
      await refund(sale, 5000);
      const ask = async () => {
        failReversals('drop_before', 2);
        await tick();
        api.stripe.faults.clear();
      };
      await ask();
      // The key is trusted for one more minute.
      api.clock.advance(20 * HOUR_MS - 60_000);
      await ask();
      const attemptAfter = async (minutes: number): Promise<unknown> => {
        api.clock.advance(minutes * 60_000);
        await tick();
        await tick();
        const { attemptNo, sends, status } = await api.database.prisma.transferReversal.findFirstOrThrow();
        return [attemptNo, sends, status];
      };
      expect(await attemptAfter(9)).toEqual([1, 2, 'pending']);
      expect(await attemptAfter(1)).toEqual([2, 3, 'succeeded']);
      expect(await takenBack(sale.transferId)).toBe(1000);
    });

    it('that was made though its answer got lost is found when the next answer is a refusal', async () => {
      const sale = await paidAffiliate('Lost and refused');
      await refund(sale, 5000);
      api.stripe.faults.addForWebhooks({ kind: 'drop', types: ['transfer.reversed'] });
      failReversals('drop_before', 2);
      await tick();
      // It was made after all, and its key is known no more.
      const { id: reversalId } = await api.database.prisma.transferReversal.findFirstOrThrow();
      await stripe().transfers.createReversal(sale.transferId, { amount: 1000, metadata: { reversalId } });
      failReversals('refused_400');
      api.clock.advance(5 * 60 * 1000);
      await tick();
      expect(await asked()).toEqual([[sale.transferId, 1000, 'succeeded']]);
      expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ payable: 0, paid: 2000 }]);
      expect(await api.database.prisma.reviewCase.count()).toBe(0);
    });

    it('is left alone when it was earned meanwhile', async () => {
      const sale = await paidAffiliate('Meanwhile');
      await refund(sale, 5000);
      // Written down an hour ahead, so that nothing is sent before the affiliate earns.
      api.clock.advance(HOUR_MS);
      await api.app.get(ClawbackDebts).claimBack();
      api.clock.advance(-HOUR_MS);
      await earn(sale, 'Meanwhile again', 100);
      api.clock.advance(HOUR_MS);
      await api.app.get(ClawbackSender).sendDue();
      expect(await asked()).toEqual([[sale.transferId, 1000, 'withdrawn']]);
      await tick();
      await api.settle();
      expect((await asked()).at(-1)).toEqual([sale.transferId, 900, 'succeeded']);
      expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ payable: 0, paid: 2100 }]);
    });

    it('counts as ours only so far: what somebody else took back beside it waits for staff', async () => {
      const sale = await paidAffiliate('Both');
      await refund(sale, 5000);
      failReversals('drop_after_commit', 2);
      await tick();
      await stripe().transfers.createReversal(sale.transferId, { amount: 300 });
      await api.settle();
      api.clock.advance(5 * 60 * 1000);
      await tick();
      await api.settle();
      expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ payable: 300, paid: 1700 }]);
      expect(await caseOf(sale.affiliateId, 'transfer_reversed')).toMatchObject({
        signals: [{ key: `${sale.transferId}:300` }],
      });
    });
  });
});
