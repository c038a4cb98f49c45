/**
 * failures.md, rows 18 to 30 and 81: what an invoice earns. Every sum is worked out by hand beside it, in minor units;
 * the rate is 20 % unless said otherwise.
 */
import type Stripe from 'stripe';
import { CaseDecisions } from '../../src/commissions/review/case-decisions.service.js';
import type { ReferralDto } from '../../src/referrals/referral.dto.js';
import { createMonthlyPrice, createOpenInvoice } from '../integration/stripe-emulator/emulator-harness.js';
import { startTestApp, type TestApp } from '../setup/app.js';
import { affiliateWithReferrals, hostStripe } from '../setup/host.js';
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
} from '../setup/sales.js';
import { creditNoteOf, paidInvoice, refundOf, type InvoiceFacts } from '../setup/webhooks.js';

const START = '2026-12-01T00:00:00Z';

let api: TestApp;
let stripe: Stripe;

beforeAll(async () => {
  api = await startTestApp({ now: START });
  stripe = hostStripe(api);
});
beforeEach(() => api.clock.set(START));
afterEach(async () => expectEveryCentExplained(api));
afterAll(async () => api.close());

/** The referred user subscribes at the emulator, which bills and announces as Stripe does. */
async function subscribe(
  userId: string,
  unitAmount: number,
  {
    customer = {},
    ...params
  }: Omit<Partial<Stripe.SubscriptionCreateParams>, 'customer'> & { customer?: Stripe.CustomerCreateParams } = {},
): Promise<Stripe.Subscription> {
  const { id } = await stripe.customers.create({ metadata: { userId }, ...customer });
  const price = await createMonthlyPrice(stripe, unitAmount);
  const subscription = await stripe.subscriptions.create({
    customer: id,
    items: [{ price: price.id }],
    metadata: { userId },
    ...params,
  });
  await api.settle();
  return subscription;
}

/** An open one-off invoice at the emulator for a customer of the referred user. */
async function openInvoice(userId: string, amount: number): Promise<Stripe.Invoice> {
  const customer = await stripe.customers.create({ metadata: { userId } });
  return createOpenInvoice(stripe, customer.id, amount);
}

/** Base and amount of everything the affiliate has earned, in the order of earning. */
const earnedBy = async (affiliateId: string): Promise<[number, number][]> =>
  (await commissionsOf(api, affiliateId))
    .map(({ amount, explanation }): [number, number] => [explanation.base, amount])
    .reverse();
const referralOf = async (userId: string): Promise<ReferralDto> =>
  (await api.request<ReferralDto>('GET', `/v1/referrals/by-user/${userId}`)).body;
const casesOf = (affiliateId: string) =>
  api.database.prisma.reviewCase.findMany({ where: { affiliateId }, include: { signals: true } });

describe('18 · a zero or trial invoice earns nothing', () => {
  it('18 · a trial bills 0 and converts nobody; what is billed when it ends earns', async () => {
    const { id } = await affiliateWithReferrals(api, 'trial', ['trial-user']);
    await subscribe('trial-user', 9900, { trial_period_days: 14 });
    expect(await commissionsOf(api, id)).toEqual([]);
    expect(await referralOf('trial-user')).toMatchObject({ status: 'trial', convertedAt: null });

    api.clock.set('2026-12-15T00:00:01Z');
    await api.stripe.renewDueSubscriptions();
    await api.settle();
    // 9900 × 20 % = 1980.
    expect(await earnedBy(id)).toEqual([[9900, 1980]]);
    expect(await referralOf('trial-user')).toMatchObject({ status: 'paid', convertedAt: '2026-12-15T00:00:00.000Z' });
  });

  it.each<[string, InvoiceFacts]>([
    ['of zero', { total: 0 }],
    ['of four cents, 20 % of which is no whole cent', { total: 4 }],
    ['paid wholly by credit', { total: 9900, amountPaid: 0 }],
  ])('18 · an invoice %s earns nothing', async (title, facts) => {
    const { affiliateId } = await sell(api, `nothing ${title}`, facts);
    expect(await commissionsOf(api, affiliateId)).toEqual([]);
    expect(await balancesOf(api, affiliateId)).toEqual([]);
  });
});

describe('19 · tax inclusive and exclusive give the same net base', () => {
  it.each<[string, boolean, number, number]>([
    ['within a price of 119.00', true, 11_900, 11_900],
    ['on top of a price of 100.00', false, 10_000, 11_900],
  ])('19 · 19 %% tax %s: 100.00 of the 119.00 paid earn', async (title, inclusive, unitAmount, paid) => {
    const userId = `taxed ${title}`;
    const { id } = await affiliateWithReferrals(api, userId, [userId]);
    const rate = await stripe.taxRates.create({ display_name: 'VAT', inclusive, percentage: 19 });
    await subscribe(userId, unitAmount, { default_tax_rates: [rate.id] });
    const [commission] = await commissionsOf(api, id);
    // floor(11900 × 10000 / 11900) = 10000; 10000 × 20 % = 2000.
    expect(commission).toMatchObject({
      amount: 2000,
      explanation: { invoiceAmountPaid: paid, taxAmount: 1900, base: 10_000, roundedFrom: '2000' },
    });
  });

  it('19 · tax is taken from a part payment in proportion: 59.50 of 119.00 hold 50.00 without tax', async () => {
    const { affiliateId } = await sell(api, 'part-tax', { total: 11_900, totalExcludingTax: 10_000, amountPaid: 5950 });
    // floor(5950 × 10000 / 11900) = 5000; 5000 × 20 % = 1000.
    expect(await earnedBy(affiliateId)).toEqual([[5000, 1000]]);
  });
});

describe('20 · discount and credit balance lower the base', () => {
  it('20 · 20 % off 20.00 and 5.00 of credit leave 11.00, of which 2.20 is earned; the next month earns on 20.00', async () => {
    const { id } = await affiliateWithReferrals(api, 'discount', ['discount-user']);
    const coupon = await stripe.coupons.create({ percent_off: 20, duration: 'once' });
    await subscribe('discount-user', 2000, { customer: { balance: -500 }, discounts: [{ coupon: coupon.id }] });
    // 2000 − 400 discount = 1600 total, − 500 credit = 1100 paid; floor(1100 × 1600 / 1600) = 1100; × 20 % = 220.
    expect(await earnedBy(id)).toEqual([[1100, 220]]);

    api.clock.set('2027-01-01T00:00:01Z');
    await api.stripe.renewDueSubscriptions();
    await api.settle();
    expect(await earnedBy(id)).toEqual([
      [1100, 220],
      [2000, 400],
    ]);
  });

  it('20 · discount, credit and tax together: what was paid earns, without its tax', async () => {
    const { affiliateId } = await sell(api, 'all-three', { total: 9520, totalExcludingTax: 8000, amountPaid: 4760 });
    // floor(4760 × 8000 / 9520) = 4000; × 20 % = 800.
    expect(await earnedBy(affiliateId)).toEqual([[4000, 800]]);
  });
});

describe('21 · prorations are in the net; a negative invoice earns nothing', () => {
  it('21 · an upgrade earns on its difference, a downgrade on nothing, and its credit lowers the next month', async () => {
    const { id } = await affiliateWithReferrals(api, 'proration', ['proration-user']);
    const small = await createMonthlyPrice(stripe, 3100);
    const large = await createMonthlyPrice(stripe, 6200);
    const subscription = await subscribe('proration-user', 3100, { items: [{ price: small.id }] });
    const item = subscription.items.data[0]?.id ?? '';
    const change = (price: string) =>
      stripe.subscriptions.update(subscription.id, {
        items: [{ id: item, price }],
        proration_behavior: 'always_invoice',
      });

    api.clock.set('2026-12-11T00:00:00Z');
    await change(large.id);
    api.clock.set('2026-12-21T00:00:00Z');
    await change(small.id);
    api.clock.set('2027-01-01T00:00:01Z');
    await api.stripe.renewDueSubscriptions();
    await api.settle();

    const totals = (await stripe.invoices.list({ subscription: subscription.id })).data.map(({ total }) => total);
    // 21 of 31 days of the difference: 4200 − 2100 = 2100; 11 of 31 days back: 1100 − 2200 = −1100.
    expect(totals.reverse()).toEqual([3100, 2100, -1100, 3100]);
    expect(await earnedBy(id)).toEqual([
      [3100, 620],
      [2100, 420],
      // 3100 − 1100 of credit = 2000 paid; × 20 % = 400.
      [2000, 400],
    ]);
  });

  it('21 · a negative invoice earns nothing and takes nothing from others', async () => {
    const sale = await sell(api, 'negative', { total: 9900 });
    await tell(api, 'invoice.paid', paidInvoice(api, { userId: sale.userId, total: -500, amountPaid: 0 }));
    expect(await earnedBy(sale.affiliateId)).toEqual([[9900, 1980]]);
  });
});

describe('22 · paid out of band opens a review case', () => {
  it('22 · 70.00 of 100.00 paid outside Stripe earn nothing; the case is opened once, however often it is told', async () => {
    const { id } = await affiliateWithReferrals(api, 'outside', ['outside-user']);
    const invoice = await openInvoice('outside-user', 10_000);
    const partly = await stripe.paymentIntents.create({
      amount: 3000,
      currency: 'usd',
      payment_method: 'pm_card_visa',
      confirm: true,
    });
    await stripe.invoices.attachPayment(invoice.id, { payment_intent: partly.id });
    const paid = await stripe.invoices.pay(invoice.id, { paid_out_of_band: true });
    await api.settle();
    await tell(api, 'invoice.paid', paid);

    // 10000 − 7000 off Stripe = 3000; × 20 % = 600.
    expect(await earnedBy(id)).toEqual([[3000, 600]]);
    expect(await casesOf(id)).toMatchObject([
      {
        rule: 'paid_out_of_band',
        status: 'open',
        holds: false,
        signals: [{ key: invoice.id, evidence: { invoiceId: invoice.id, amountPaidOffStripe: '7000' } }],
      },
    ]);
  });

  it('22 · an invoice paid wholly outside Stripe earns nothing, and its case asks about it', async () => {
    const { id } = await affiliateWithReferrals(api, 'cash', ['cash-user']);
    const invoice = await openInvoice('cash-user', 9900);
    await stripe.invoices.pay(invoice.id, { paid_out_of_band: true });
    await api.settle();
    expect(await commissionsOf(api, id)).toEqual([]);
    expect(await casesOf(id)).toMatchObject([{ rule: 'paid_out_of_band', signals: [{ key: invoice.id }] }]);
  });

  it('22 · accepted by staff, it earns to the cent what the other part left, and each part loses only its own', async () => {
    const { id } = await affiliateWithReferrals(api, 'accepted', ['accepted-user']);
    const invoice = await openInvoice('accepted-user', 9999);
    const partly = await stripe.paymentIntents.create({
      amount: 3000,
      currency: 'usd',
      payment_method: 'pm_card_visa',
      confirm: true,
    });
    await stripe.invoices.attachPayment(invoice.id, { payment_intent: partly.id });
    const paid = await stripe.invoices.pay(invoice.id, { paid_out_of_band: true });
    await api.settle();
    const [reviewCase] = await casesOf(id);
    const accept = () =>
      api.app
        .get(CaseDecisions)
        .acceptOutOfBand(reviewCase?.id ?? '', { staffUserId: 'stf_1', reason: 'It is on the account.' });
    // 9999 − 3000 = 6999; × 20 % = 1399.8.
    expect(await accept()).toMatchObject({ earned: [{ currency: 'usd', changeMinor: 1399n }] });
    await expect(accept()).rejects.toMatchObject({ code: 'review_case_closed' });
    await tell(api, 'invoice.paid', paid);
    expect(await balancesOf(api, id)).toMatchObject([{ payable: 600 + 1399, lifetimeEarned: 1999 }]);

    await stripe.refunds.create({ payment_intent: partly.id });
    await api.settle();
    expect((await commissionsOf(api, id)).map(storyOf)).toEqual([
      ['earned +1399 = 1399'],
      ['earned +600 = 600', expect.stringMatching(/^reversed -600 = 0 \(re_\w+ succeeded\)$/)],
    ]);
    expect(await balancesOf(api, id)).toMatchObject([{ payable: 1399, lifetimeEarned: 1399 }]);
    expect(await casesOf(id)).toMatchObject([{ status: 'approved' }]);
  });
});

describe('23 · partial and over-payment are capped at the invoice’s total', () => {
  it('23 · 300 of 1000 paid earn nothing yet; the rest makes the invoice paid, and it earns on 1000', async () => {
    const { id } = await affiliateWithReferrals(api, 'partial', ['partial-user']);
    const invoice = await openInvoice('partial-user', 1000);
    const part = await stripe.paymentIntents.create({
      amount: 300,
      currency: 'usd',
      payment_method: 'pm_card_visa',
      confirm: true,
    });
    await stripe.invoices.attachPayment(invoice.id, { payment_intent: part.id });
    await api.settle();
    expect(await commissionsOf(api, id)).toEqual([]);
    await stripe.invoices.pay(invoice.id);
    await api.settle();
    expect(await earnedBy(id)).toEqual([[1000, 200]]);
  });

  it('23 · 120.00 paid on an invoice of 99.00 earn on 99.00', async () => {
    const { affiliateId } = await sell(api, 'overpaid', { total: 9900, amountPaid: 12_000 });
    // floor(min(12000, 9900) × 9900 / 9900) = 9900; × 20 % = 1980.
    expect(await earnedBy(affiliateId)).toEqual([[9900, 1980]]);
  });
});

describe('24 · voided, then paid earns once', () => {
  it.each<[string, string[]]>([
    ['voided, then paid', ['invoice.voided', 'invoice.paid']],
    ['paid, then voided', ['invoice.paid', 'invoice.voided']],
    ['given up, then paid', ['invoice.marked_uncollectible', 'invoice.paid', 'invoice.paid']],
    ['paid, then given up', ['invoice.paid', 'invoice.marked_uncollectible', 'invoice.paid']],
  ])('24 · %s earns once', async (title, types) => {
    const { userId, invoice } = namesOf(title);
    const { id } = await affiliateWithReferrals(api, title, [userId]);
    const status: Record<string, string> = {
      'invoice.voided': 'void',
      'invoice.marked_uncollectible': 'uncollectible',
    };
    for (const type of types) {
      await tell(api, type, { ...paidInvoice(api, { id: invoice, userId }), status: status[type] ?? 'paid' });
    }
    expect(await earnedBy(id)).toEqual([[9900, 1980]]);
  });

  it('24 · one that was given up and paid earns by what Stripe says of it now, even if its payment is never told', async () => {
    const { id } = await affiliateWithReferrals(api, 'uncollectible', ['uncollectible-user']);
    const invoice = await openInvoice('uncollectible-user', 9900);
    await api.settle();
    api.stripe.faults.addForWebhooks({ kind: 'drop', types: ['invoice.paid', 'invoice.marked_uncollectible'] });
    const givenUp = await stripe.invoices.markUncollectible(invoice.id);
    const paid = await stripe.invoices.pay(invoice.id);
    await api.settle();
    api.stripe.faults.clear();
    expect(await commissionsOf(api, id)).toEqual([]);
    await tell(api, 'invoice.marked_uncollectible', givenUp);
    expect(await earnedBy(id)).toEqual([[9900, 1980]]);
    await tell(api, 'invoice.paid', paid);
    expect(await earnedBy(id)).toEqual([[9900, 1980]]);
  });
});

describe('25 · a credit note with its refund is counted once', () => {
  it('25 · 30.00 credited and refunded cost 6.00, in both orders', async () => {
    for (const order of ['note first', 'refund first']) {
      const sale = await sell(api, `credited ${order}`);
      const refund = refundOf(api, { id: `re_${order}`, payment: sale.payment, amount: 3000 });
      const note = creditNoteOf(api, { invoice: sale.invoice, refunds: [{ id: `re_${order}`, amount: 3000 }] });
      const news: [string, object][] = [
        ['credit_note.created', note],
        ['refund.created', refund],
      ];
      for (const [type, object] of order === 'note first' ? news : news.reverse()) await tell(api, type, object);
      const commission = await commissionOf(api, sale);
      // floor(9900 × (9900 − 3000) × 2000 / (9900 × 10000)) = 1380.
      expect(commission).toMatchObject({ amount: 1980, netAmount: 1380, reversedAmount: 600, state: 'payable' });
      expect(storyOf(commission)).toEqual(['earned +1980 = 1980', `reversed -600 = 1380 (re_${order} succeeded)`]);
    }
  });

  it('25 · credit put on the customer’s balance costs nothing now and lowers what the next invoice earns', async () => {
    const sale = await sell(api, 'to-balance');
    await tell(api, 'credit_note.created', creditNoteOf(api, { invoice: sale.invoice, toBalance: 3000 }));
    expect(await commissionOf(api, sale)).toMatchObject({ netAmount: 1980, reversedAmount: 0 });
    await pay(api, {
      id: 'in_next',
      payment: 'pi_next',
      userId: sale.userId,
      customer: 'cus_to-balance',
      amountPaid: 6900,
    });
    // 9900 − 3000 of credit = 6900 paid; × 20 % = 1380.
    expect(await commissionOf(api, sale, 'in_next')).toMatchObject({ amount: 1380 });
    expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ payable: 3360, lifetimeEarned: 3360 }]);
  });

  it('25 · what was settled outside Stripe costs, a void gives it back, and a void that comes first is not undone', async () => {
    const sale = await sell(api, 'cash-back');
    const note = (status: string) =>
      creditNoteOf(api, { id: 'cn_cash', invoice: sale.invoice, toBalance: 1000, outOfBand: 2000, status });
    await tell(api, 'credit_note.created', note('issued'));
    // Of the 3000 only the 2000 outside Stripe: floor(9900 × 7900 × 2000 / (9900 × 10000)) = 1580.
    expect(await commissionOf(api, sale)).toMatchObject({ netAmount: 1580 });
    await tell(api, 'credit_note.voided', note('void'));
    await tell(api, 'credit_note.created', note('issued'));
    const commission = await commissionOf(api, sale);
    expect(commission).toMatchObject({ amount: 1980, netAmount: 1980, reversedAmount: 0, state: 'payable' });
    expect(storyOf(commission)).toEqual([
      'earned +1980 = 1980',
      'reversed -400 = 1580 (cn_cash issued)',
      'restored +400 = 1980 (cn_cash void)',
    ]);
    expect(commission.explanation.steps[1]?.causes).toEqual([
      { id: 'cn_cash', type: 'credit_note', status: 'issued', amount: 2000 },
    ]);
  });

  it('25 · credit note, its refund and a further refund together never take more than was paid', async () => {
    const sale = await sell(api, 'over-credited');
    await tell(api, 'credit_note.created', creditNoteOf(api, { invoice: sale.invoice, outOfBand: 6000 }));
    await tell(api, 'refund.created', refundOf(api, { payment: sale.payment, amount: 9900 }));
    expect(await commissionOf(api, sale)).toMatchObject({
      netAmount: 0,
      state: 'reversed',
      explanation: { lost: 9900 },
    });
    expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ payable: 0, lifetimeEarned: 0 }]);
  });
});

describe('26 · rounding happens once, down, and partial reversals end at zero', () => {
  it('26 · three refunds of a third of 99.99 end exactly at zero', async () => {
    const sale = await sell(api, 'thirds', { total: 9999 });
    for (const part of ['a', 'b', 'c']) {
      await tell(api, 'refund.created', refundOf(api, { id: `re_third_${part}`, payment: sale.payment, amount: 3333 }));
    }
    const commission = await commissionOf(api, sale);
    // 9999 × 20 % = 1999.8; 6666 × 20 % = 1333.2; 3333 × 20 % = 666.6; 0: each rounded down once, from the whole.
    expect(storyOf(commission)).toEqual([
      'earned +1999 = 1999',
      'reversed -666 = 1333 (re_third_a succeeded)',
      'reversed -667 = 666 (re_third_b succeeded)',
      'reversed -666 = 0 (re_third_c succeeded)',
    ]);
    expect(commission).toMatchObject({ amount: 1999, reversedAmount: 1999, netAmount: 0, state: 'reversed' });
    expect(commission.explanation.steps.map(({ formula }) => formula?.split('; ').at(-1))).toEqual([
      'amount = floor(9999 × 2000 / 10000) = 1999',
      'amount = floor(9999 × (9999 − 3333) × 2000 / (9999 × 10000)) = 1333',
      'amount = floor(9999 × (9999 − 6666) × 2000 / (9999 × 10000)) = 666',
      'amount = floor(9999 × (9999 − 9999) × 2000 / (9999 × 10000)) = 0',
    ]);
    expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ held: 0, payable: 0, lifetimeEarned: 0 }]);
  });

  it('26 · with tax and an odd rate, ten refunds of a tenth end at zero and never below', async () => {
    const sale = await sell(api, 'tenths', { total: 9900, totalExcludingTax: 8319, rateBps: 3333 });
    // 8319 × 33.33 % = 2772.7227 → 2772.
    expect(await commissionOf(api, sale)).toMatchObject({ amount: 2772 });
    for (let part = 1; part <= 10; part += 1) {
      await tell(api, 'refund.created', refundOf(api, { payment: sale.payment, amount: 990 }));
    }
    const nets = (await commissionOf(api, sale)).explanation.steps.map(({ netAmount }) => netAmount);
    // 2772.7227 × 9/10, 8/10 … 0, each rounded down.
    expect(nets).toEqual([2772, 2495, 2218, 1940, 1663, 1386, 1109, 831, 554, 277, 0]);
  });

  it('26 · a refund too small to move a cent is no step, and yet is told as lost', async () => {
    const sale = await sell(api, 'crumbs', { total: 500 });
    for (const part of ['a', 'b']) {
      await tell(api, 'refund.created', refundOf(api, { id: `re_crumb_${part}`, payment: sale.payment, amount: 1 }));
    }
    // 500 × 20 % = 100; 499 × 20 % = 99.8; 498 × 20 % = 99.6.
    const commission = await commissionOf(api, sale);
    expect(storyOf(commission)).toEqual(['earned +100 = 100', 'reversed -1 = 99 (re_crumb_a succeeded)']);
    expect(commission.explanation).toMatchObject({ lost: 2, roundedFrom: '99.6' });
    expect(commission.explanation.formula).toContain('floor(500 × (500 − 2) × 2000 / (500 × 10000)) = 99');
  });
});

describe('27 · JPY, KWD and the like keep their own exponent and step', () => {
  it.each<[string, number, number, number, number]>([
    // 1999 × 20 % = 399.8; 1499 × 20 % = 299.8.
    ['jpy', 1999, 399, 500, 299],
    // 12345 × 20 % = 2469, to a step of 10; 7345 × 20 % = 1469.
    ['kwd', 12_345, 2460, 5000, 1460],
    // 123400 × 20 % = 24680, to a step of 100; 120000 × 20 % = 24000.
    ['isk', 123_400, 24_600, 3400, 24_000],
    // 12350 × 20 % = 2470; 12345 × 20 % = 2469: half a step's loss takes a whole step.
    ['bhd', 12_350, 2470, 5, 2460],
  ])('27 · %s: %i paid earn %i, after a refund of %i they are worth %i, after all of it nothing', async (...row) => {
    const [currency, total, amount, refunded, net] = row;
    const sale = await sell(api, `step-${currency}`, { currency, total });
    expect(await commissionOf(api, sale)).toMatchObject({ amount, netAmount: amount, currency });
    await tell(api, 'refund.created', refundOf(api, { payment: sale.payment, amount: refunded, currency }));
    expect(await commissionOf(api, sale)).toMatchObject({ netAmount: net, reversedAmount: amount - net });
    const rest = total - refunded;
    await tell(api, 'refund.created', refundOf(api, { payment: sale.payment, amount: rest, currency }));
    expect(await commissionOf(api, sale)).toMatchObject({ netAmount: 0, state: 'reversed' });
  });
});

describe('28 · mixed currencies live in separate balances', () => {
  it('28 · a refund in one currency touches no other', async () => {
    const sale = await sell(api, 'mixed', { total: 9900 });
    const more = { userId: sale.userId, customer: 'cus_mixed' };
    await pay(api, { id: 'in_mixed_eur', payment: 'pi_mixed_eur', currency: 'eur', total: 5000, ...more });
    await pay(api, { id: 'in_mixed_jpy', payment: 'pi_mixed_jpy', currency: 'jpy', total: 1999, ...more });
    await tell(api, 'refund.created', refundOf(api, { payment: 'pi_mixed_eur', amount: 2500, currency: 'eur' }));
    expect(await balancesOf(api, sale.affiliateId)).toMatchObject([
      // 2500 × 20 % = 500; 1999 × 20 % = 399.8; 9900 × 20 % = 1980.
      { currency: 'eur', payable: 500, lifetimeEarned: 500 },
      { currency: 'jpy', payable: 399, lifetimeEarned: 399 },
      { currency: 'usd', payable: 1980, lifetimeEarned: 1980 },
    ]);
  });
});

describe('29 · when a rate or plan changes, what was earned stays', () => {
  it('29 · the affiliate’s own rate of the day of payment counts, also for a refund that comes after a change', async () => {
    const sale = await sell(api, 'own-rate', { total: 10_000 });
    const next = async (id: string) => {
      await pay(api, { id, payment: `pi_of_${id}`, userId: sale.userId, customer: 'cus_own-rate', total: 10_000 });
      api.clock.advance(60_000);
    };
    const setRate = (commissionRateBps: number | null) =>
      api.request('PATCH', `/v1/affiliates/${sale.affiliateId}`, { body: { commissionRateBps } });
    api.clock.advance(60_000);
    await setRate(3000);
    await next('in_at_30');
    await setRate(null);
    await next('in_at_plan');
    await tell(api, 'refund.created', refundOf(api, { payment: 'pi_of_in_at_30', amount: 5000 }));
    const worth = async (invoice: string) => {
      const { netAmount, explanation } = await commissionOf(api, sale, invoice);
      return [explanation.rateBps, explanation.rateSource, netAmount];
    };
    expect(await worth(sale.invoice)).toEqual([2000, 'plan', 2000]);
    // floor(10000 × 5000 × 3000 / (10000 × 10000)) = 1500.
    expect(await worth('in_at_30')).toEqual([3000, 'affiliate', 1500]);
    expect(await worth('in_at_plan')).toEqual([2000, 'plan', 2000]);
  });

  it('29 · a rate counts for what is paid in its very second, which is all that Stripe tells, but not for what was told before', async () => {
    const sale = await sell(api, 'same-second', { total: 10_000 });
    const setRate = (commissionRateBps: number) =>
      api.request('PATCH', `/v1/affiliates/${sale.affiliateId}`, { body: { commissionRateBps } });
    const next = (id: string) => pay(api, { id, payment: `pi_of_${id}`, customer: 'cus_same-second', total: 10_000 });
    api.clock.advance(1000 - (api.clock.now().getTime() % 1000) + 100);
    await setRate(0);
    api.clock.advance(200);
    await next('in_told_before');
    api.clock.advance(200);
    await setRate(3000);
    api.clock.advance(200);
    await next('in_told_after');
    api.clock.advance(200);
    await setRate(4000);
    const worth = (await commissionsOf(api, sale.affiliateId)).map(({ invoiceId, netAmount }) => [
      invoiceId,
      netAmount,
    ]);
    expect(Object.fromEntries(worth)).toEqual({ [sale.invoice]: 2000, in_told_after: 3000 });
  });

  it('29 · a rate set after a payment was told, and before it was made by Stripe’s clock, counts for it', async () => {
    const affiliate = await affiliateWithReferrals(api, 'clock-ahead', []);
    const { userId, customer, invoice, payment } = namesOf('clock-ahead');
    const paidAt = new Date(api.clock.now().getTime() + 2 * 60_000);
    await pay(api, { id: invoice, payment, customer, userId, total: 10_000, paidAt });
    api.clock.advance(60_000);
    await api.request('PATCH', `/v1/affiliates/${affiliate.id}`, { body: { commissionRateBps: 3000 } });
    api.clock.advance(60_000);
    await api.request('POST', '/v1/referrals', {
      body: { referredUserId: userId, code: affiliate.code, stripeCustomerId: customer },
    });
    await api.settle();
    expect(await earnedBy(affiliate.id)).toEqual([[10_000, 3000]]);
  });

  it('29 · a new plan version is for new referrals: an old one keeps the terms of its day for every later invoice', async () => {
    const sale = await sell(api, 'versions', { total: 10_000, plan: { rateBps: 2500 } });
    const { body: affiliate } = await api.request<{ planId: string; code: string }>(
      'GET',
      `/v1/affiliates/${sale.affiliateId}`,
    );
    api.clock.advance(60_000);
    await api.request('POST', `/v1/plans/${affiliate.planId}/versions`, { body: { rateBps: 1000 } });
    api.clock.advance(60_000);
    await pay(api, {
      id: 'in_v_old',
      payment: 'pi_v_old',
      userId: sale.userId,
      customer: 'cus_versions',
      total: 10_000,
    });
    await api.request('POST', '/v1/referrals', { body: { referredUserId: 'versions-new', code: affiliate.code } });
    await pay(api, { id: 'in_v_new', payment: 'pi_v_new', userId: 'versions-new', total: 10_000 });
    const rows = [sale.invoice, 'in_v_old', 'in_v_new'].map(async (invoice) => commissionOf(api, sale, invoice));
    const [first, later, fresh] = await Promise.all(rows);
    expect([first?.amount, later?.amount, fresh?.amount]).toEqual([2500, 2500, 1000]);
    expect(later?.explanation.planVersionId).toBe(first?.explanation.planVersionId);
    expect(fresh?.explanation.planVersionId).not.toBe(first?.explanation.planVersionId);
  });

  it('29 · an earlier first invoice that arrives late ends the plan’s months earlier, and the explanation says so', async () => {
    const sale = await sell(api, 'months', {
      plan: { durationMonths: 2 },
      paidAt: new Date('2027-01-31T12:00:00Z'),
    });
    const monthly = async (id: string, paidAt: string) =>
      pay(api, { id, payment: `pi_of_${id}`, userId: sale.userId, customer: 'cus_months', paidAt: new Date(paidAt) });
    // From 31 January two months reach to 31 March, 12:00.
    await monthly('in_february', '2027-02-28T12:00:00Z');
    await monthly('in_march', '2027-03-31T11:59:59Z');
    await monthly('in_at_the_end', '2027-03-31T12:00:00Z');
    expect((await earnedBy(sale.affiliateId)).map(([, amount]) => amount)).toEqual([1980, 1980, 1980]);

    // From 31 December they reach to 28 February, 12:00: February and March earn nothing any more.
    await monthly('in_december', '2026-12-31T12:00:00Z');
    for (const invoice of ['in_february', 'in_march']) {
      const late = await commissionOf(api, sale, invoice);
      expect(late).toMatchObject({ amount: 1980, netAmount: 0, reversedAmount: 1980, state: 'reversed' });
      expect(storyOf(late)).toEqual(['earned +1980 = 1980', 'reversed -1980 = 0']);
      expect(late.explanation.steps[1]?.summary).toBe(
        "19.80 USD was taken back: an earlier first invoice came to light, and this one lies beyond the plan's months.",
      );
      expect(late.explanation.formula).toMatch(/amount = 0: the invoice lies beyond the plan's months$/);
    }
    expect(await commissionOf(api, sale)).toMatchObject({ netAmount: 1980 });
    expect(await commissionOf(api, sale, 'in_december')).toMatchObject({ netAmount: 1980 });
    expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ payable: 3960, lifetimeEarned: 3960 }]);
  });
});

describe('30 · metadata tampered with by the customer: only the server’s own binding counts', () => {
  it('30 · an invoice that names another affiliate’s user earns for whom its customer is bound to', async () => {
    const own = await sell(api, 'mallory');
    const other = await sell(api, 'victor');
    await pay(api, { id: 'in_forged', payment: 'pi_forged', customer: 'cus_mallory', userId: other.userId });
    expect(await commissionOf(api, own, 'in_forged')).toMatchObject({ amount: 1980 });
    expect(await commissionsOf(api, other.affiliateId)).toHaveLength(1);
  });

  it('30 · a customer bound to nobody that names a bound user earns for nobody', async () => {
    const victim = await sell(api, 'victim');
    await pay(api, { id: 'in_stranger', payment: 'pi_stranger', customer: 'cus_stranger', userId: victim.userId });
    expect(await commissionsOf(api, victim.affiliateId)).toHaveLength(1);
    expect(await balancesOf(api, victim.affiliateId)).toMatchObject([{ payable: 1980 }]);
  });
});

describe('81 · a referral made after the first invoice was paid', () => {
  it('81 · makes that invoice earn, less what was refunded meanwhile, and none of before the signup', async () => {
    const { code, id } = await affiliateWithReferrals(api, 'late', []);
    const { userId, customer } = namesOf('late');
    const signedUpAt = new Date(START);
    const hours = (n: number): Date => new Date(signedUpAt.getTime() + n * 60 * 60 * 1000);
    await pay(api, { id: 'in_before', payment: 'pi_before', userId, customer, paidAt: hours(-1) });
    await pay(api, { id: 'in_after', payment: 'pi_after', userId, customer, paidAt: hours(1) });
    await tell(api, 'refund.created', refundOf(api, { id: 're_early', payment: 'pi_after', amount: 4900 }));
    api.clock.set(hours(2));
    const answer = await api.request<{ referral: ReferralDto }>('POST', '/v1/referrals', {
      body: { referredUserId: userId, code, occurredAt: signedUpAt.toISOString() },
    });
    // floor(9900 × 5000 × 2000 / (9900 × 10000)) = 1000.
    expect(answer.body.referral).toMatchObject({ status: 'paid', stripeCustomerId: customer, lifetimeEarned: 1000 });
    const commissions = await commissionsOf(api, id);
    expect(commissions).toMatchObject([{ invoiceId: 'in_after', amount: 1980, netAmount: 1000, state: 'payable' }]);
    expect(commissions.map(storyOf)).toEqual([['earned +1980 = 1980', 'reversed -980 = 1000 (re_early succeeded)']]);
  });
});
