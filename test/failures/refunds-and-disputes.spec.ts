/**
 * failures.md, rows 31 to 39, 5 and 6 for refunds, 76 and 77: what takes a commission back, and what gives it back.
 * Every sum is worked out by hand beside it, in minor units; the rate is 20 % unless said otherwise.
 */
import pg from 'pg';
import type Stripe from 'stripe';
import { AdjustmentsService } from '../../src/commissions/adjustments.service.js';
import { loadLosses, storeInvoicePayments } from '../../src/commissions/facts/loss-records.js';
import { HoldsService } from '../../src/commissions/holds.service.js';
import { ReviewCases } from '../../src/fraud/review-cases.service.js';
import type { PayoutPageDto, PayoutRunDto } from '../../src/payouts/payout.dto.js';
import { PayoutRunsService } from '../../src/payouts/runs/payout-runs.service.js';
import { createCharge, createOpenInvoice } from '../integration/stripe-emulator/emulator-harness.js';
import { startTestApp, type TestApp } from '../setup/app.js';
import { affiliateWithReferrals, hostStripe, onboard } from '../setup/host.js';
import { untilSomebodyWaits } from '../setup/overlap.js';
import { stopSchedules } from '../setup/schedules.js';
import {
  balancesOf,
  commissionOf,
  commissionsOf,
  expectEveryCentExplained,
  namesOf,
  pay,
  sell,
  storyOf,
  tell,
  type Sale,
} from '../setup/sales.js';
import { creditNoteOf, deliver, disputeOf, eventOf, invoicePayment, paidInvoice, refundOf } from '../setup/webhooks.js';

const HOUR_MS = 60 * 60 * 1000;

let api: TestApp;
let stripe: Stripe;

beforeAll(async () => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z' });
  stripe = hostStripe(api);
});
afterEach(async () => expectEveryCentExplained(api));
afterAll(async () => api.close());

/** A sale of 200.00, of which 40.00 is earned, by an affiliate whose account can be paid. */
async function sellAndOnboard(name: string): Promise<Sale> {
  const sale = await sell(api, name, { total: 20_000 });
  await onboard(api, sale.affiliateId);
  return sale;
}

let runs = 0;

/** A payout run of a period of its own, up to this moment unless told otherwise. */
async function runPayouts(cutOff = api.clock.now()): Promise<string> {
  const period = `${2027 + Math.floor(runs / 12)}-${String((runs % 12) + 1).padStart(2, '0')}`;
  runs += 1;
  await api.app.get(PayoutRunsService).run({ period, cutOff });
  return period;
}

const resume = (period: string) => api.app.get(PayoutRunsService).run({ period, cutOff: api.clock.now() });

/** Amount and status of the affiliate's payouts, oldest first. */
const payoutsOf = async (affiliateId: string): Promise<[number, string][]> =>
  (await api.request<PayoutPageDto>('GET', `/v1/payouts?affiliateId=${affiliateId}`)).body.data
    .map(({ amount, status }): [number, string] => [amount, status])
    .reverse();
const skipsOf = (affiliateId: string) =>
  api.database.prisma.payoutSkip.findMany({ where: { affiliateId }, orderBy: { runId: 'asc' } });
const releaseHolds = () => api.app.get(HoldsService).releaseDueNow();

/** Held, payable, in payout and paid of the affiliate's one currency. */
async function moneyOf(affiliateId: string): Promise<[number, number, number, number]> {
  const [balance, ...others] = await balancesOf(api, affiliateId);
  expect(others).toEqual([]);
  return balance ? [balance.held, balance.payable, balance.inPayout, balance.paid] : [0, 0, 0, 0];
}

const refund = (sale: Sale, amount: number, id: string, status = 'succeeded') =>
  refundOf(api, { id, payment: sale.payment, amount, status });
const tellDispute = async (sale: Sale, id: string, status: string, amount = 20_000): Promise<void> => {
  const type = { needs_response: 'created', warning_needs_response: 'created', under_review: 'updated' }[status];
  const dispute = disputeOf(api, { id, payment: sale.payment, amount, status });
  await tell(api, `charge.dispute.${type ?? 'closed'}`, dispute);
};

function permutations<T>(items: T[]): T[][] {
  if (items.length <= 1) return [items];
  return items.flatMap((first, i) =>
    permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [first, ...rest]),
  );
}

/** Lets the n-th of every order happen, waits until all was worked on, then the next. */
async function inStep<T>(orders: T[][], happens: (what: T, order: number) => Promise<unknown>): Promise<void> {
  for (let step = 0; step < (orders[0]?.length ?? 0); step += 1) {
    await Promise.all(orders.map((order, n) => happens(order[step] as T, n)));
    await api.settle();
  }
}

describe('5 · refund, dispute or credit note before invoice.paid, before its payment and before the referral converge', () => {
  const losses: [string, string, (sale: { invoice: string; payment: string }) => object][] = [
    ['a refund', 'refund.created', ({ payment }) => refundOf(api, { id: `re_of_${payment}`, payment, amount: 4900 })],
    [
      'a dispute',
      'charge.dispute.created',
      ({ payment }) => disputeOf(api, { id: `dp_of_${payment}`, payment, amount: 4900 }),
    ],
    [
      'a credit note',
      'credit_note.created',
      ({ invoice }) => creditNoteOf(api, { id: `cn_of_${invoice}`, invoice, outOfBand: 4900 }),
    ],
  ];
  const parts = ['referral', 'invoice', 'payment', 'loss'] as const;
  type Part = (typeof parts)[number];

  async function tellOf(
    part: Part,
    code: string,
    name: string,
    [, type, loss]: (typeof losses)[number],
  ): Promise<void> {
    const { userId, customer, invoice, payment } = namesOf(name);
    const news: Record<Exclude<Part, 'referral'>, [string, object]> = {
      invoice: ['invoice.paid', paidInvoice(api, { id: invoice, userId, customer })],
      payment: ['invoice_payment.paid', invoicePayment(api, { id: `inpay_${name}`, invoice, payment, amount: 9900 })],
      loss: [type, loss({ invoice, payment })],
    };
    const { status } =
      part === 'referral'
        ? await api.request('POST', '/v1/referrals', { body: { referredUserId: userId, code } })
        : await deliver(api, eventOf(api, ...news[part]));
    expect([200, 201]).toContain(status);
  }

  it.each(losses)('5 · %s of 49.00 on 99.00: all 24 orders leave 10.00', async (...loss) => {
    const { id, code } = await affiliateWithReferrals(api, `orders of ${loss[0]}`, []);
    const orders = permutations([...parts]);
    await inStep(orders, (part, n) => tellOf(part, code, `order-${loss[1]}-${n}`, loss));
    const commissions = await commissionsOf(api, id);
    expect(commissions).toHaveLength(24);
    // floor(9900 × (9900 − 4900) × 2000 / (9900 × 10000)) = 1000, of 1980.
    for (const commission of commissions) {
      expect(commission).toMatchObject({ amount: 1980, netAmount: 1000, reversedAmount: 980, state: 'payable' });
      expect(commission.explanation).toMatchObject({ lost: 4900, roundedFrom: '1000' });
    }
    expect(await moneyOf(id)).toEqual([0, 24_000, 0, 0]);
  });

  it.each(losses)(
    '5 · %s, its invoice, its payment and the referral at the same moment leave 10.00',
    async (...loss) => {
      const { id, code } = await affiliateWithReferrals(api, `moment of ${loss[0]}`, []);
      const names = Array.from({ length: 6 }, (_, n) => `moment-${loss[1]}-${n}`);
      await Promise.all(names.flatMap((name) => parts.map((part) => tellOf(part, code, name, loss))));
      await api.settle();
      expect(await moneyOf(id)).toEqual([0, 6000, 0, 0]);
    },
  );
});

describe('6 · events with equal `created` end the same in any order', () => {
  it('6 · a refund told as pending, succeeded and failed costs nothing in the end, in all six orders', async () => {
    const orders = permutations(['pending', 'succeeded', 'failed']);
    const { id, code } = await affiliateWithReferrals(api, 'refund-orders', []);
    const sales = await salesOf(id, code, 'refund-orders', orders.length);
    const types: Record<string, string> = { pending: 'refund.created', succeeded: 'refund.updated' };
    await inStep(orders, (status, n) =>
      deliver(
        api,
        eventOf(api, types[status] ?? 'refund.failed', refund(sales[n] as Sale, 9900, `re_ties_${n}`, status)),
      ),
    );
    const stories = await Promise.all(sales.map(async (sale) => storyOf(await commissionOf(api, sale))));
    const untouched = ['earned +1980 = 1980'];
    const there = (n: number) => [
      ...untouched,
      `reversed -1980 = 0 (re_ties_${n} succeeded)`,
      `restored +1980 = 1980 (re_ties_${n} failed)`,
    ];
    // Only who heard of the success before the failure took anything.
    expect(stories).toEqual(
      orders.map((order, n) => (order.indexOf('succeeded') < order.indexOf('failed') ? there(n) : untouched)),
    );
    expect(await moneyOf(id)).toEqual([0, 6 * 1980, 0, 0]);
  });

  it('6 · a payment told as open, paid and cancelled is cancelled in all six orders, told together or one by one', async () => {
    const statuses: string[] = [];
    for (const [n, order] of permutations(['open', 'paid', 'canceled']).entries()) {
      const invoiceId = `in_told-${n}`;
      const told = order.map((status) => ({
        id: `inpay_${n}`,
        invoiceId,
        paymentId: `pi_${n}`,
        amountMinor: 1n,
        status,
      }));
      const together = told.map((fact) => ({ ...fact, id: `inpay_together_${n}` }));
      for (const facts of [...told.map((fact) => [fact]), together]) {
        await api.database.sqlTransaction((tx) => storeInvoicePayments(tx, facts, api.clock.now()));
      }
      const { payments } = await api.database.sqlTransaction((tx) => loadLosses(tx, [invoiceId]));
      statuses.push(...payments.map(({ status }) => status));
    }
    expect(statuses).toEqual(Array.from({ length: 12 }, () => 'canceled'));
  });

  it('6 · a dispute told as opened, under review and won costs nothing in the end, in all six orders', async () => {
    const orders = permutations(['needs_response', 'under_review', 'won']);
    const { id, code } = await affiliateWithReferrals(api, 'dispute-orders', []);
    const sales = await salesOf(id, code, 'dispute-orders', orders.length);
    await inStep(orders, (status, n) => {
      const { payment } = sales[n] as Sale;
      const dispute = disputeOf(api, { id: `dp_ties_${n}`, payment, amount: 9900, status });
      return deliver(api, eventOf(api, 'charge.dispute.updated', dispute));
    });
    for (const sale of sales)
      expect(await commissionOf(api, sale)).toMatchObject({ netAmount: 1980, state: 'payable' });
    expect(await moneyOf(id)).toEqual([0, 6 * 1980, 0, 0]);
  });
});

/** Several referred customers of one affiliate, each of whom has paid 99.00. */
async function salesOf(affiliateId: string, code: string, name: string, count: number, facts = {}): Promise<Sale[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const { customer, ...sale } = namesOf(`${name}-${n}`);
      await api.request('POST', '/v1/referrals', { body: { referredUserId: sale.userId, code } });
      await pay(api, { id: sale.invoice, payment: sale.payment, userId: sale.userId, customer, ...facts });
      return { affiliateId, ...sale };
    }),
  );
}

describe('31 · several partial refunds in any order', () => {
  it('31 · 10.00, 25.00 and 33.33 of 99.00 with tax, each told three times: all six orders leave 5.15', async () => {
    const orders = permutations([1000, 2500, 3333]);
    const { id, code } = await affiliateWithReferrals(api, 'partial-orders', []);
    const sales = await salesOf(id, code, 'partial-orders', orders.length, { totalExcludingTax: 8319 });
    await inStep(orders, async (amount, n) => {
      const created = eventOf(api, 'refund.created', refund(sales[n] as Sale, amount, `re_partial_${n}_${amount}`));
      const updated = eventOf(api, 'refund.updated', refund(sales[n] as Sale, amount, `re_partial_${n}_${amount}`));
      await Promise.all([created, created, updated].map((event) => deliver(api, event)));
    });
    for (const sale of sales) {
      const commission = await commissionOf(api, sale);
      // 9900 − 6833 = 3067; floor(8319 × 3067 × 2000 / (9900 × 10000)) = floor(515.44…) = 515, of floor(1663.8) = 1663.
      expect(commission).toMatchObject({ amount: 1663, netAmount: 515, reversedAmount: 1148, state: 'payable' });
      expect(commission.explanation).toMatchObject({ base: 8319, lost: 6833 });
      expect(commission.explanation.steps.map(({ kind }) => kind)).toEqual([
        'earned',
        'reversed',
        'reversed',
        'reversed',
      ]);
    }
    expect(await moneyOf(id)).toEqual([0, 6 * 515, 0, 0]);
  });

  it('31 · each step names its refund and what was left after it', async () => {
    const sale = await sell(api, 'steps', { total: 9900, totalExcludingTax: 8319 });
    for (const [id, amount] of [
      ['re_first', 1000],
      ['re_second', 8900],
    ] as const) {
      await tell(api, 'refund.created', refund(sale, amount, id));
    }
    const { explanation, state } = await commissionOf(api, sale);
    expect(state).toBe('reversed');
    // floor(8319 × 8900 × 2000 / (9900 × 10000)) = floor(1495.7…) = 1495; 1663 − 1495 = 168.
    expect(explanation.steps).toMatchObject([
      { kind: 'earned', change: 1663, netAmount: 1663, lost: 0, causes: [] },
      {
        kind: 'reversed',
        change: -168,
        netAmount: 1495,
        lost: 1000,
        causes: [{ id: 're_first', type: 'refund', status: 'succeeded', amount: 1000 }],
        summary: '1.68 USD was taken back: refund re_first of 10.00 USD (succeeded).',
        formula: 'amount = floor(8319 × (9900 − 1000) × 2000 / (9900 × 10000)) = 1495',
      },
      { kind: 'reversed', change: -1495, netAmount: 0, lost: 9900, causes: [{ id: 're_second', amount: 8900 }] },
    ]);
  });

  it('31 · several small refunds told only by the charge count each once', async () => {
    const { id } = await affiliateWithReferrals(api, 'by-charge', ['by-charge-user']);
    const { charge, invoice } = await paidAtStripe('by-charge-user', 10_000);
    api.stripe.faults.addForWebhooks({ kind: 'drop', types: ['refund.created'] });
    for (const amount of [1000, 2000]) {
      await stripe.refunds.create({ charge, amount });
      await api.settle();
    }
    api.stripe.faults.clear();
    const [commission] = await commissionsOf(api, id);
    // floor(10000 × 7000 × 2000 / (10000 × 10000)) = 1400.
    expect(commission).toMatchObject({ invoiceId: invoice, amount: 2000, netAmount: 1400 });
    expect(commission?.explanation.steps.map(({ netAmount }) => netAmount)).toEqual([2000, 1800, 1400]);
  });
});

/** An invoice that the user's customer has paid at the emulator, with its charge. */
async function paidAtStripe(userId: string, amount: number) {
  const customer = await stripe.customers.create({ metadata: { userId } });
  const { id: invoice } = await createOpenInvoice(stripe, customer.id, amount);
  await stripe.invoices.pay(invoice);
  const [paid] = (await stripe.invoicePayments.list({ invoice, status: 'paid' })).data;
  const payment = paid?.payment.payment_intent as string;
  const { latest_charge } = await stripe.paymentIntents.retrieve(payment);
  await api.settle();
  return { customer: customer.id, invoice, payment, charge: latest_charge as string };
}

describe('32 · a refund that fails later is restored', () => {
  it('32 · pending takes nothing, succeeded takes, failed gives back exactly what was taken', async () => {
    const { id } = await affiliateWithReferrals(api, 'failing', ['failing-user']);
    const { payment } = await paidAtStripe('failing-user', 9999);
    const net = async () => (await commissionsOf(api, id))[0]?.netAmount;
    api.stripe.setNextRefundStatus('pending');
    const { id: refundId } = await stripe.refunds.create({ payment_intent: payment, amount: 3333 });
    await api.settle();
    // 9999 × 20 % = 1999.8.
    expect(await net()).toBe(1999);
    api.stripe.succeedRefund(refundId);
    await api.settle();
    // 6666 × 20 % = 1333.2.
    expect(await net()).toBe(1333);
    api.stripe.failRefund(refundId);
    await api.settle();
    const [commission] = await commissionsOf(api, id);
    expect(commission).toMatchObject({
      netAmount: 1999,
      reversedAmount: 0,
      state: 'payable',
      explanation: { lost: 0 },
    });
    expect(commission && storyOf(commission)).toEqual([
      'earned +1999 = 1999',
      `reversed -666 = 1333 (${refundId} succeeded)`,
      `restored +666 = 1999 (${refundId} failed)`,
    ]);
  });

  it('32 · a failure that overtakes its success leaves nothing taken, and one after the payout gives back what it netted', async () => {
    const overtaken = await sell(api, 'overtaken');
    await tell(api, 'refund.failed', refund(overtaken, 9900, 're_overtaken', 'failed'));
    await tell(api, 'refund.updated', refund(overtaken, 9900, 're_overtaken', 'succeeded'));
    expect(storyOf(await commissionOf(api, overtaken))).toEqual(['earned +1980 = 1980']);

    const paid = await sellAndOnboard('refunded-when-paid');
    await runPayouts();
    await tell(api, 'refund.updated', refund(paid, 5000, 're_paid'));
    // floor(20000 × 15000 × 2000 / (20000 × 10000)) = 3000, of 4000 paid.
    expect(await moneyOf(paid.affiliateId)).toEqual([0, -1000, 0, 4000]);
    await tell(api, 'refund.failed', refund(paid, 5000, 're_paid', 'failed'));
    expect(await moneyOf(paid.affiliateId)).toEqual([0, 0, 0, 4000]);
    expect(await commissionOf(api, paid)).toMatchObject({ netAmount: 4000, state: 'paid' });
  });
});

describe('33 · an inquiry (`warning_*`) holds and takes nothing', () => {
  it('33 · before the release: held beyond availableAt, released when the inquiry closes', async () => {
    const sale = await sell(api, 'inquired-held', { total: 20_000, plan: { holdDays: 5 } });
    await tellDispute(sale, 'dp_held', 'warning_needs_response');
    api.clock.advance(6 * 24 * HOUR_MS);
    await releaseHolds();
    expect(await commissionOf(api, sale)).toMatchObject({ state: 'held', netAmount: 4000, reversedAmount: 0 });
    expect(await moneyOf(sale.affiliateId)).toEqual([4000, 0, 0, 0]);
    await tellDispute(sale, 'dp_held', 'warning_closed');
    const commission = await commissionOf(api, sale);
    expect(commission.state).toBe('payable');
    expect(storyOf(commission)).toEqual(['earned +4000 = 4000', 'released 0 = 4000']);
    expect(commission.explanation.steps[1]?.occurredAt).toBe(commission.availableAt);
  });

  it('33 · told before the invoice and its payment: held from the first moment, in no run', async () => {
    const { id, code } = await affiliateWithReferrals(api, 'inquired-first', []);
    await onboard(api, id);
    const { userId, customer, invoice, payment } = namesOf('inquired-first');
    const sale = { affiliateId: id, userId, invoice, payment };
    await api.request('POST', '/v1/referrals', { body: { referredUserId: userId, code } });
    await tellDispute(sale, 'dp_first', 'warning_needs_response');
    await pay(api, { id: invoice, payment, userId, customer, total: 20_000 });
    expect(await moneyOf(id)).toEqual([4000, 0, 0, 0]);
    await runPayouts();
    expect(await payoutsOf(id)).toEqual([]);
    await tellDispute(sale, 'dp_first', 'warning_closed');
    await runPayouts();
    expect(await moneyOf(id)).toEqual([0, 0, 0, 4000]);
  });

  it('33 · closed before availableAt: the hold goes on to its end', async () => {
    const sale = await sell(api, 'inquired-early', { total: 20_000, plan: { holdDays: 1 } });
    await tellDispute(sale, 'dp_early', 'warning_needs_response');
    await tellDispute(sale, 'dp_early', 'warning_closed');
    await releaseHolds();
    expect(await moneyOf(sale.affiliateId)).toEqual([4000, 0, 0, 0]);
    api.clock.advance(24 * HOUR_MS);
    await releaseHolds();
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 4000, 0, 0]);
  });

  it('33 · on a payable commission: it goes back to held, is in no run, and is paid by the next one', async () => {
    const sale = await sellAndOnboard('inquired-payable');
    await tellDispute(sale, 'dp_payable', 'warning_needs_response');
    const held = await commissionOf(api, sale);
    expect(held).toMatchObject({ state: 'held', netAmount: 4000 });
    expect(storyOf(held)).toEqual(['earned +4000 = 4000', 'held 0 = 4000 (dp_payable warning_needs_response)']);
    await runPayouts();
    expect(await payoutsOf(sale.affiliateId)).toEqual([]);
    expect(await moneyOf(sale.affiliateId)).toEqual([4000, 0, 0, 0]);
    await tellDispute(sale, 'dp_payable', 'warning_closed');
    expect(await commissionOf(api, sale)).toMatchObject({ state: 'payable' });
    await runPayouts();
    expect(await payoutsOf(sale.affiliateId)).toEqual([[4000, 'paid']]);
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 0, 0, 4000]);
  });

  it('33 · that becomes a dispute: what was held is taken, and given back as payable when it is won', async () => {
    const sale = await sell(api, 'escalated', { total: 20_000 });
    await tellDispute(sale, 'dp_escalated', 'warning_needs_response', 5000);
    await tellDispute(sale, 'dp_escalated', 'needs_response', 5000);
    // floor(20000 × 15000 × 2000 / (20000 × 10000)) = 3000.
    expect(await commissionOf(api, sale)).toMatchObject({ netAmount: 3000, state: 'payable' });
    await tellDispute(sale, 'dp_escalated', 'won', 5000);
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 4000, 0, 0]);
    expect(storyOf(await commissionOf(api, sale))).toEqual([
      'earned +4000 = 4000',
      'held 0 = 4000 (dp_escalated warning_needs_response)',
      'reversed -1000 = 3000 (dp_escalated needs_response)',
      'released 0 = 3000',
      'restored +1000 = 4000 (dp_escalated won)',
    ]);
  });

  it('33 · on a commission that a payout has paid: nothing moves, until it becomes a dispute', async () => {
    const sale = await sellAndOnboard('inquired-paid');
    await runPayouts();
    await tellDispute(sale, 'dp_inquired_paid', 'warning_needs_response');
    await releaseHolds();
    expect(await commissionOf(api, sale)).toMatchObject({ state: 'paid', netAmount: 4000 });
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 0, 0, 4000]);
    await tellDispute(sale, 'dp_inquired_paid', 'needs_response');
    expect(await moneyOf(sale.affiliateId)).toEqual([0, -4000, 0, 4000]);
  });

  it('33 · while the payout is on its way and then fails: what comes back is held, and paid after the inquiry', async () => {
    const sale = await sellAndOnboard('inquired-sent');
    const period = await payoutOnItsWay(sale);
    await tellDispute(sale, 'dp_sent', 'warning_needs_response');
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 0, 4000, 0]);
    await refuse(period);
    expect(await payoutsOf(sale.affiliateId)).toEqual([[4000, 'failed']]);
    expect(await moneyOf(sale.affiliateId)).toEqual([4000, 0, 0, 0]);
    await runPayouts();
    expect(await payoutsOf(sale.affiliateId)).toEqual([[4000, 'failed']]);
    await tellDispute(sale, 'dp_sent', 'warning_closed');
    await runPayouts();
    expect(await payoutsOf(sale.affiliateId)).toEqual([
      [4000, 'failed'],
      [4000, 'paid'],
    ]);
    const commission = await commissionOf(api, sale);
    expect(storyOf(commission)).toEqual(['earned +4000 = 4000', 'held 0 = 4000', 'released 0 = 4000']);
    expect(commission.explanation.steps[1]?.summary).toMatch(
      /^40\.00 USD is held back: payout po_\w+ gave it back while an inquiry was open\.$/,
    );
  });

  it('33 · on a paid commission whose refund fails meanwhile: what comes back is held, and a dispute takes it first', async () => {
    const sale = await sellAndOnboard('in-two-places');
    await runPayouts();
    await tell(api, 'refund.created', refund(sale, 5000, 're_two'));
    await tellDispute(sale, 'dp_two', 'warning_needs_response');
    await tell(api, 'refund.failed', refund(sale, 5000, 're_two', 'failed'));
    // 15000 × 20 % = 3000, so 1000 was taken of the 4000 paid, and came back while the inquiry was open.
    expect(await moneyOf(sale.affiliateId)).toEqual([1000, -1000, 0, 4000]);
    await tellDispute(sale, 'dp_two', 'needs_response');
    expect(await moneyOf(sale.affiliateId)).toEqual([0, -4000, 0, 4000]);
    const commission = await commissionOf(api, sale);
    expect(storyOf(commission)).toEqual([
      'earned +4000 = 4000',
      'reversed -1000 = 3000 (re_two succeeded)',
      'restored +1000 = 4000 (dp_two warning_needs_response, re_two failed)',
      'reversed -1000 = 3000 (dp_two needs_response)',
      'reversed -3000 = 0 (dp_two needs_response)',
    ]);
    // One calculation, told where it is complete.
    expect(commission.explanation.steps.slice(3).map(({ formula }) => formula)).toEqual([
      null,
      'amount = floor(20000 × (20000 − 20000) × 2000 / (20000 × 10000)) = 0',
    ]);
  });

  it('33 · what an earlier payout has paid is not held a second time when a later payout fails', async () => {
    const sale = await sellAndOnboard('paid-before');
    await runPayouts();
    await tell(api, 'refund.created', refund(sale, 5000, 're_before'));
    await pay(api, {
      id: 'in_later',
      payment: 'pi_later',
      userId: sale.userId,
      customer: 'cus_paid-before',
      total: 20_000,
    });
    await tell(api, 'refund.failed', refund(sale, 5000, 're_before', 'failed'));
    // −1000 + 4000 + 1000: the second payout takes back and gives back what concerns the first commission.
    const period = await payoutOnItsWay(sale);
    await tellDispute(sale, 'dp_before', 'warning_needs_response');
    await refuse(period);
    expect(await payoutsOf(sale.affiliateId)).toEqual([
      [4000, 'paid'],
      [4000, 'failed'],
    ]);
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 4000, 0, 4000]);
  });

  /** Reserves the affiliate's payout, which waits because Stripe cannot be asked about the account. */
  async function payoutOnItsWay(sale: Sale): Promise<string> {
    api.stripe.faults.add({ kind: 'error_500', method: 'GET', path: '/v2/core/accounts/*', count: null });
    const period = await runPayouts();
    api.stripe.faults.clear();
    expect((await payoutsOf(sale.affiliateId)).at(-1)).toEqual([4000, 'pending']);
    return period;
  }

  /** The run goes on, and Stripe says no. */
  async function refuse(period: string): Promise<void> {
    api.clock.advance(HOUR_MS);
    api.stripe.faults.add({ kind: 'refused_400', method: 'POST', path: '/v1/transfers', count: null });
    await resume(period);
    api.stripe.faults.clear();
  }
});

describe('34 · a dispute before the payout takes back; won restores, lost stays', () => {
  it.each([
    ['won', 4000, 'payable'],
    ['lost', 0, 'reversed'],
  ] as const)('34 · %s: 40.00 end as %i', async (end, net, state) => {
    const sale = await sell(api, `disputed-${end}`, { total: 20_000 });
    await tellDispute(sale, `dp_${end}`, 'needs_response');
    expect(await commissionOf(api, sale)).toMatchObject({ netAmount: 0, reversedAmount: 4000, state: 'reversed' });
    await tellDispute(sale, `dp_${end}`, 'under_review');
    await tellDispute(sale, `dp_${end}`, end);
    expect(await commissionOf(api, sale)).toMatchObject({ netAmount: net, state });
    expect(await moneyOf(sale.affiliateId)).toEqual([0, net, 0, 0]);
    expect(storyOf(await commissionOf(api, sale))).toEqual([
      'earned +4000 = 4000',
      `reversed -4000 = 0 (dp_${end} needs_response)`,
      ...(end === 'won' ? ['restored +4000 = 4000 (dp_won won)'] : []),
    ]);
  });

  it('34 · won while the hold still runs: restored to held, and released at availableAt', async () => {
    const sale = await sell(api, 'disputed-held', { total: 20_000, plan: { holdDays: 1 } });
    await tellDispute(sale, 'dp_in_hold', 'needs_response');
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 0, 0, 0]);
    await tellDispute(sale, 'dp_in_hold', 'won');
    expect(await commissionOf(api, sale)).toMatchObject({ state: 'held', netAmount: 4000 });
    api.clock.advance(24 * HOUR_MS);
    await releaseHolds();
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 4000, 0, 0]);
  });

  it('34 · of which the bank asks for more than at first takes that, too, whichever is told last', async () => {
    const told = async (name: string, ...amounts: number[]) => {
      const sale = await sell(api, name, { total: 20_000 });
      for (const amount of amounts) await tellDispute(sale, `dp_${name}`, 'needs_response', amount);
      return (await commissionOf(api, sale)).netAmount;
    };
    expect(await told('grown', 5000, 12_000)).toBe(1600);
    expect(await told('grown-before', 12_000, 5000)).toBe(1600);
  });

  it('34 · a dispute that names only its charge finds its invoice', async () => {
    const { id } = await affiliateWithReferrals(api, 'by-charge-only', ['by-charge-only-user']);
    const { charge } = await paidAtStripe('by-charge-only-user', 10_000);
    await tell(api, 'charge.dispute.created', disputeOf(api, { payment: null, charge, amount: 10_000 }));
    expect(await commissionsOf(api, id)).toMatchObject([{ amount: 2000, netAmount: 0, state: 'reversed' }]);
  });
});

describe('35 and 36 · a dispute after the payout', () => {
  let sale: Sale;

  it('35 · makes the balance negative, and the next run that has enough nets it', async () => {
    sale = await sellAndOnboard('clawed-back');
    await runPayouts();
    expect(await commissionOf(api, sale)).toMatchObject({ state: 'paid' });
    await tellDispute(sale, 'dp_clawed', 'needs_response');
    expect(await commissionOf(api, sale)).toMatchObject({ state: 'reversed', netAmount: 0, reversedAmount: 4000 });
    expect(await moneyOf(sale.affiliateId)).toEqual([0, -4000, 0, 4000]);
    await runPayouts();
    expect(await skipsOf(sale.affiliateId)).toMatchObject([{ reason: 'negative_balance', amountMinor: -4000n }]);

    const more = { userId: sale.userId, customer: 'cus_clawed-back' };
    await pay(api, { id: 'in_netting', payment: 'pi_netting', total: 40_000, ...more });
    // 40000 × 20 % = 8000; 8000 − 4000 = 4000.
    await runPayouts();
    expect(await payoutsOf(sale.affiliateId)).toEqual([
      [4000, 'paid'],
      [4000, 'paid'],
    ]);
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 0, 0, 8000]);
  });

  it('36 · won after the claw-back, told twice and by a second event: restored once and paid by the next run', async () => {
    const won = disputeOf(api, { id: 'dp_clawed', payment: sale.payment, amount: 20_000, status: 'won' });
    const closed = eventOf(api, 'charge.dispute.closed', won);
    await Promise.all([closed, closed].map((event) => deliver(api, event)));
    await tell(api, 'charge.dispute.funds_reinstated', won);
    expect(storyOf(await commissionOf(api, sale))).toEqual([
      'earned +4000 = 4000',
      'reversed -4000 = 0 (dp_clawed needs_response)',
      'restored +4000 = 4000 (dp_clawed won)',
    ]);
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 4000, 0, 8000]);
    await runPayouts();
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 0, 0, 12_000]);
  });
});

describe('37 · refund and dispute on one charge never take more than the commission', () => {
  it('37 · 60.00 refunded and all of 99.00 disputed take 19.80; won leaves the refund taken', async () => {
    const sale = await sell(api, 'both');
    await tell(api, 'refund.created', refund(sale, 6000, 're_both'));
    await tellDispute(sale, 'dp_both', 'needs_response', 9900);
    expect(await commissionOf(api, sale)).toMatchObject({
      netAmount: 0,
      reversedAmount: 1980,
      explanation: { lost: 9900 },
    });
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 0, 0, 0]);
    await tellDispute(sale, 'dp_second', 'needs_response', 9900);
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 0, 0, 0]);
    await tellDispute(sale, 'dp_second', 'won', 9900);
    await tellDispute(sale, 'dp_both', 'won', 9900);
    // floor(9900 × 3900 × 2000 / (9900 × 10000)) = 780.
    expect(storyOf(await commissionOf(api, sale))).toEqual([
      'earned +1980 = 1980',
      'reversed -1200 = 780 (re_both succeeded)',
      'reversed -780 = 0 (dp_both needs_response)',
      // Told meanwhile without any effect: the second dispute came and went.
      'restored +780 = 780 (dp_both won, dp_second won)',
    ]);
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 780, 0, 0]);
  });
});

describe('38 · a new dispute status opens a review case', () => {
  it('38 · nothing is paid meanwhile; a later known status settles, and the decision lets the next run pay', async () => {
    const sale = await sellAndOnboard('arbitrated');
    const more = { userId: sale.userId, customer: 'cus_arbitrated' };
    await pay(api, { id: 'in_untouched', payment: 'pi_untouched', total: 20_000, ...more });
    const dispute = (status: string) => disputeOf(api, { id: 'dp_new', payment: sale.payment, amount: 20_000, status });
    for (let times = 0; times < 2; times += 1) await tell(api, 'charge.dispute.updated', dispute('in_arbitration'));
    const cases = await api.database.prisma.reviewCase.findMany({
      where: { affiliateId: sale.affiliateId },
      include: { signals: true },
    });
    expect(cases).toMatchObject([
      {
        rule: 'unknown_dispute_status',
        status: 'open',
        holds: true,
        signals: [{ key: 'dp_new:in_arbitration', evidence: { lossId: 'dp_new', status: 'in_arbitration' } }],
      },
    ]);
    // The side on which nothing is paid out twice: taken until a known status says otherwise.
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 4000, 0, 0]);
    await runPayouts();
    expect(await payoutsOf(sale.affiliateId)).toEqual([]);
    expect(await skipsOf(sale.affiliateId)).toMatchObject([{ reason: 'under_review' }]);

    await tell(api, 'charge.dispute.closed', dispute('won'));
    expect(await commissionOf(api, sale)).toMatchObject({ netAmount: 4000, state: 'payable' });
    const decision = { decision: 'approved', staffUserId: 'staff-1', reason: 'The bank gave up.' } as const;
    await api.database.transaction((tx) => api.app.get(ReviewCases).close(tx, cases[0]?.id ?? '', decision));
    await runPayouts();
    expect(await payoutsOf(sale.affiliateId)).toEqual([[8000, 'paid']]);
  });

  it.each(['won', 'lost'])(
    '38 · one that comes after %s moves nothing, and staff hear of it all the same',
    async (status) => {
      const sale = await sellAndOnboard(`reopened-${status}`);
      await tellDispute(sale, `dp_reopened_${status}`, status);
      const before = await moneyOf(sale.affiliateId);
      for (let times = 0; times < 2; times += 1) await tellDispute(sale, `dp_reopened_${status}`, 'reopened');
      expect(await moneyOf(sale.affiliateId)).toEqual(before);
      const cases = await api.database.prisma.reviewCase.findMany({
        where: { affiliateId: sale.affiliateId },
        include: { signals: true },
      });
      expect(cases).toMatchObject([
        { rule: 'unknown_dispute_status', status: 'open', signals: [{ key: `dp_reopened_${status}:reopened` }] },
      ]);
    },
  );
});

describe('39 · a negative balance of an affiliate who is gone', () => {
  it('39 · stays visible and is listed by every run, until staff write it off under their name and with a reason', async () => {
    const sale = await sellAndOnboard('gone');
    await runPayouts();
    await api.request('PATCH', `/v1/affiliates/${sale.affiliateId}`, { body: { status: 'suspended' } });
    await tellDispute(sale, 'dp_gone', 'lost');
    expect(await moneyOf(sale.affiliateId)).toEqual([0, -4000, 0, 4000]);
    for (let times = 0; times < 2; times += 1) {
      const period = await runPayouts();
      const { body } = await api.request<PayoutRunDto>('GET', `/v1/payout-runs/${period}`);
      expect(body.skipped).toContainEqual({ reason: 'negative_balance', count: expect.any(Number) as number });
    }
    expect(await skipsOf(sale.affiliateId)).toHaveLength(2);
    expect(await moneyOf(sale.affiliateId)).toEqual([0, -4000, 0, 4000]);

    const writeOff = {
      adjustmentId: 'write-off-gone',
      affiliateId: sale.affiliateId,
      currency: 'usd',
      amountMinor: 4000n,
      staffUserId: 'staff-1',
      reason: 'Affiliate is gone; lost dispute written off.',
    };
    for (let times = 0; times < 2; times += 1) {
      await api.database.transaction((tx) => api.app.get(AdjustmentsService).adjust(tx, writeOff));
    }
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 0, 0, 4000]);
    const { affiliateId } = sale;
    const entries = await api.database.prisma.journalEntry.findMany({ where: { affiliateId, kind: 'adjustment' } });
    const { staffUserId, reason } = writeOff;
    expect(entries).toMatchObject([{ uniqueKey: 'adjustment:write-off-gone', staffUserId, reason }]);
    // What became of the commission is another matter: it stays taken back.
    expect(await commissionOf(api, sale)).toMatchObject({ netAmount: 0, state: 'reversed' });
  });
});

describe('76 · a refund and a reservation of the same balance at the same moment', () => {
  // What works by the hour may want the same rows, and would be taken for one of the two.
  beforeAll(() => stopSchedules(api));

  it('76 · the refund waits behind the reservation: it is netted by the next run, and no more is paid than was there', async () => {
    const sale = await sellAndOnboard('reserved-first');
    // The reservation holds the balance and waits to insert a payout; the refund waits for the balance.
    await whileNobodyWrites(
      'payouts',
      () => runPayouts(),
      () => deliver(api, eventOf(api, 'refund.created', refund(sale, 5000, 're_behind'))),
    );
    expect(await payoutsOf(sale.affiliateId)).toEqual([[4000, 'paid']]);
    expect(await moneyOf(sale.affiliateId)).toEqual([0, -1000, 0, 4000]);
    const more = { userId: sale.userId, customer: 'cus_reserved-first' };
    await pay(api, { id: 'in_after_race', payment: 'pi_after_race', total: 20_000, ...more });
    await runPayouts();
    // 4000 − 1000.
    expect((await payoutsOf(sale.affiliateId)).at(-1)).toEqual([3000, 'paid']);
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 0, 0, 7000]);
  });

  it('76 · the reservation waits behind the refund: it pays what the refund has left', async () => {
    const sale = await sellAndOnboard('refunded-first');
    // The refund holds the balance and waits to post; the reservation waits for the balance.
    await whileNobodyWrites(
      'journal_entries',
      () => deliver(api, eventOf(api, 'refund.created', refund(sale, 5000, 're_ahead'))),
      () => runPayouts(),
    );
    // floor(20000 × 15000 × 2000 / (20000 × 10000)) = 3000.
    expect(await payoutsOf(sale.affiliateId)).toEqual([[3000, 'paid']]);
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 0, 0, 3000]);
  });

  it('76 · an inquiry that waits behind the reservation holds nothing of what was reserved', async () => {
    const sale = await sellAndOnboard('inquired-behind');
    const inquiry = { id: 'dp_behind', payment: sale.payment, amount: 20_000, status: 'warning_needs_response' };
    await whileNobodyWrites(
      'payouts',
      () => runPayouts(),
      () => deliver(api, eventOf(api, 'charge.dispute.created', disputeOf(api, inquiry))),
    );
    expect(await payoutsOf(sale.affiliateId)).toEqual([[4000, 'paid']]);
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 0, 0, 4000]);
  });

  /** Starts one after the other while a third transaction keeps a table, each once the one before waits for a lock. */
  async function whileNobodyWrites(table: string, ...work: (() => Promise<unknown>)[]): Promise<void> {
    const holder = new pg.Client({ connectionString: api.ownerUrl });
    await holder.connect();
    const started: Promise<unknown>[] = [];
    try {
      await holder.query('BEGIN');
      await holder.query(`LOCK TABLE ${table} IN SHARE MODE`);
      for (const start of work) {
        started.push(start());
        await untilSomebodyWaits(api, holder, started.length);
      }
    } finally {
      await holder.query('COMMIT');
      await holder.end();
    }
    await Promise.all(started);
    await api.settle();
  }
});

describe('77 · a refund after the cut-off of a late run is netted in it', () => {
  it('77 · 40.00 earned before the cut-off, 10.00 refunded and 40.00 earned after it: 30.00 are paid', async () => {
    const sale = await sellAndOnboard('late-run');
    const cutOff = new Date(api.clock.now().getTime() + HOUR_MS);
    api.clock.advance(2 * HOUR_MS);
    await tell(api, 'refund.created', refund(sale, 5000, 're_late'));
    const more = { userId: sale.userId, customer: 'cus_late-run' };
    await pay(api, { id: 'in_too_late', payment: 'pi_too_late', total: 20_000, ...more });
    await runPayouts(cutOff);
    expect(await payoutsOf(sale.affiliateId)).toEqual([[3000, 'paid']]);
    expect(await moneyOf(sale.affiliateId)).toEqual([0, 4000, 0, 3000]);
  });

  it('77 · a refund that failed again after the cut-off is paid out with its commission', async () => {
    const sale = await sellAndOnboard('late-restored');
    const cutOff = new Date(api.clock.now().getTime() + HOUR_MS);
    api.clock.advance(2 * HOUR_MS);
    await tell(api, 'refund.created', refund(sale, 5000, 're_late_failed'));
    await tell(api, 'refund.failed', refund(sale, 5000, 're_late_failed', 'failed'));
    await runPayouts(cutOff);
    expect(await payoutsOf(sale.affiliateId)).toEqual([[4000, 'paid']]);
  });
});

describe('one payment over several invoices, and several payments of one invoice', () => {
  it('31 · a refund of 1.00 on a payment of 6.00 and 3.00 costs the invoices 67 and 33 cents, the rest in proportion', async () => {
    const { id } = await affiliateWithReferrals(api, 'shared', ['shared-user']);
    const customer = await stripe.customers.create({ metadata: { userId: 'shared-user' } });
    const large = await createOpenInvoice(stripe, customer.id, 600);
    const small = await createOpenInvoice(stripe, customer.id, 300);
    const charge = await createCharge(stripe, 900);
    const payment = charge.payment_intent as string;
    for (const invoice of [large, small]) await stripe.invoices.attachPayment(invoice.id, { payment_intent: payment });
    await stripe.refunds.create({ charge: charge.id, amount: 100 });
    await api.settle();
    const nets = async () =>
      Object.fromEntries((await commissionsOf(api, id)).map(({ invoiceId, netAmount }) => [invoiceId, netAmount]));
    // 100 × 600 / 900 = 66.67 → 67, 100 × 300 / 900 = 33.33 → 33; floor(533 × 20 %) = 106, floor(267 × 20 %) = 53.
    expect(await nets()).toEqual({ [large.id]: 106, [small.id]: 53 });
    const split = (await commissionsOf(api, id)).map(({ explanation }) => explanation.steps.at(-1)?.formula);
    expect(split).toEqual([
      `of 100 lost on ${payment} this invoice bears 300 of 900: 33; amount = floor(300 × (300 − 33) × 2000 / (300 × 10000)) = 53`,
      `of 100 lost on ${payment} this invoice bears 600 of 900: 67; amount = floor(600 × (600 − 67) × 2000 / (600 × 10000)) = 106`,
    ]);
    await stripe.refunds.create({ charge: charge.id, amount: 800 });
    await api.settle();
    expect(await nets()).toEqual({ [large.id]: 0, [small.id]: 0 });
  });

  it('31 · an invoice that is not ours bears its part of what their payment lost', async () => {
    const sale = await sell(api, 'partly-ours', { total: 600 });
    const elsewhere = { invoice: 'in_not-ours', payment: sale.payment, amount: 300 };
    await tell(api, 'invoice_payment.paid', invoicePayment(api, elsewhere));
    await tell(api, 'refund.created', refund(sale, 300, 're_partly-ours'));
    // 300 × 600 / 900 = 200; floor((600 − 200) × 20 %) = 80.
    expect(await commissionOf(api, sale)).toMatchObject({ amount: 120, netAmount: 80 });
  });

  it('31 · the odd cent of an even split goes to the invoice with the smaller id, whichever was paid first', async () => {
    const sale = await sell(api, 'tie-b', { total: 300, rateBps: 10_000 });
    const more = { userId: sale.userId, customer: 'cus_tie-b', total: 300 };
    await pay(api, { id: 'in_tie-a', payment: sale.payment, ...more });
    await tell(api, 'refund.created', refund(sale, 5, 're_tie'));
    // 5 × 300 / 600 = 2.5 each: 3 for in_tie-a, 2 for in_tie-b, all of it earned at 100 %.
    expect(await commissionOf(api, sale, 'in_tie-a')).toMatchObject({ amount: 300, netAmount: 297 });
    expect(await commissionOf(api, sale)).toMatchObject({ amount: 300, netAmount: 298 });
  });

  it('37 · two payments of 3.00 and 7.00 on one invoice: each takes its own part, together the whole', async () => {
    const { id } = await affiliateWithReferrals(api, 'two-payments', ['two-payments-user']);
    const customer = await stripe.customers.create({ metadata: { userId: 'two-payments-user' } });
    const invoice = await createOpenInvoice(stripe, customer.id, 1000);
    const charges = [await createCharge(stripe, 300), await createCharge(stripe, 700)] as const;
    for (const { payment_intent } of charges) {
      await stripe.invoices.attachPayment(invoice.id, { payment_intent: payment_intent as string });
    }
    await stripe.refunds.create({ charge: charges[0].id });
    await api.settle();
    const net = async () => (await commissionsOf(api, id)).map(({ netAmount }) => netAmount);
    // floor(1000 × 700 × 2000 / (1000 × 10000)) = 140.
    expect(await net()).toEqual([140]);
    const dispute = api.stripe.openDispute(charges[1].id);
    await api.settle();
    expect(await net()).toEqual([0]);
    api.stripe.moveDispute(dispute.id, 'won');
    await api.settle();
    expect(await net()).toEqual([140]);
  });
});
