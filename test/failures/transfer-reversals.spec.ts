/** failures.md, rows 55 and 56: money of a paid payout that comes back, because Stripe or staff or we took it. */
import type Stripe from 'stripe';
import { ReviewCases } from '../../src/fraud/review-cases.service.js';
import type { PayoutDto, PayoutPageDto, PayoutRunDto } from '../../src/payouts/payout.dto.js';
import { PayoutRunsService } from '../../src/payouts/runs/payout-runs.service.js';
import { startTestApp, type TestApp } from '../setup/app.js';
import { hostStripe, onboard } from '../setup/host.js';
import { expectSoundLedger } from '../setup/ledger.js';
import { balancesOf, commissionOf, sell, tell, type Sale } from '../setup/sales.js';
import { deliver, eventOf } from '../setup/webhooks.js';

const HOUR_MS = 60 * 60 * 1000;

let api: TestApp;

beforeEach(async () => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z' });
});
afterEach(async () => {
  await expectSoundLedger(api);
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
});
