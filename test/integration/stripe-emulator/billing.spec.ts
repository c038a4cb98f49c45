import type { Stripe } from 'stripe';
import { createMonthlyPrice, startHarness, WEBHOOK_SECRET, type Harness } from './emulator-harness.js';

describe('billing in the Stripe emulator', () => {
  let harness: Harness;

  beforeEach(async () => {
    harness = await startHarness();
  });

  afterEach(() => harness.close());

  it('should bill, pay and announce a subscription with webhooks that the SDK verifies', async () => {
    const { clock, emulator, sink, stripe } = harness;
    const customer = await stripe.customers.create({
      email: 'host@example.com',
      metadata: { fairshare_user_id: 'user-7' },
    });
    const price = await createMonthlyPrice(stripe, 4900);
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id, quantity: 2 }],
      metadata: { fairshare_user_id: 'user-7' },
      expand: ['latest_invoice.payments'],
    });
    await emulator.settle();

    expect(subscription.status).toBe('active');
    const [item] = subscription.items.data;
    expect(new Date(item!.current_period_end * 1000).toISOString()).toBe('2026-02-28T10:00:00.000Z');
    const invoice = subscription.latest_invoice as Stripe.Invoice;
    expect(invoice).toMatchObject({
      status: 'paid',
      billing_reason: 'subscription_create',
      total: 9800,
      total_excluding_tax: 9800,
      amount_paid: 9800,
      amount_remaining: 0,
      created: clock.seconds,
      status_transitions: { paid_at: clock.seconds },
      parent: {
        type: 'subscription_details',
        subscription_details: { subscription: subscription.id, metadata: { fairshare_user_id: 'user-7' } },
      },
    });
    expect(invoice.lines.data[0]).toMatchObject({
      amount: 9800,
      parent: { subscription_item_details: { proration: false, subscription_item: item!.id } },
      pricing: { price_details: { price: price.id, product: price.product } },
    });

    const events = sink.deliveries.map(({ body, signature }) =>
      stripe.webhooks.constructEvent(body, signature, WEBHOOK_SECRET, 300, undefined, clock.now().getTime()),
    );
    expect(events.map(({ type }) => type)).toEqual([
      'customer.created',
      'product.created',
      'price.created',
      'invoice.created',
      'customer.subscription.created',
      'invoice.finalized',
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice_payment.paid',
      'invoice.paid',
      'invoice.payment_succeeded',
    ]);
    expect(events.every((event) => event.api_version === '2026-10-28.endive' && !event.livemode)).toBe(true);
    expect(() =>
      stripe.webhooks.constructEvent(sink.deliveries[0]!.body, sink.deliveries[0]!.signature, 'whsec_other'),
    ).toThrow();

    const [payment] = (await stripe.invoicePayments.list({ invoice: invoice.id })).data;
    expect(invoice.payments?.data).toEqual([payment]);
    const intentId = payment!.payment.payment_intent as string;
    const byIntent = await stripe.invoicePayments.list({
      payment: { type: 'payment_intent', payment_intent: intentId },
    });
    expect(byIntent.data).toEqual([payment]);
    const intent = await stripe.paymentIntents.retrieve(intentId);
    const charge = await stripe.charges.retrieve(intent.latest_charge as string);
    expect(charge).toMatchObject({ payment_intent: intentId, amount: 9800, customer: customer.id });
  });

  it('should renew every period that is due and date the invoices to the ends of the periods', async () => {
    const { clock, emulator, stripe } = harness;
    const customer = await stripe.customers.create({});
    const monthly = await createMonthlyPrice(stripe, 1000);
    const yearly = await stripe.prices.create({
      currency: 'usd',
      unit_amount: 9000,
      recurring: { interval: 'year' },
      product: monthly.product as string,
    });
    const kept = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: monthly.id }] });
    await stripe.subscriptions.create({ customer: customer.id, items: [{ price: yearly.id }] });
    const ending = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: monthly.id }],
    });
    await stripe.subscriptions.update(ending.id, { cancel_at_period_end: true });

    clock.set('2026-04-10T00:00:00Z');
    const invoices = await emulator.renewDueSubscriptions();

    expect(invoices.map((invoice) => new Date(invoice.status_transitions.paid_at! * 1000).toISOString())).toEqual([
      '2026-02-28T10:00:00.000Z',
      '2026-03-31T10:00:00.000Z',
    ]);
    expect(
      invoices.every(
        (invoice) =>
          invoice.created === invoice.status_transitions.paid_at && invoice.billing_reason === 'subscription_cycle',
      ),
    ).toBe(true);
    expect(invoices.map((invoice) => invoice.parent?.subscription_details?.subscription)).toEqual([kept.id, kept.id]);
    const ended = await stripe.subscriptions.retrieve(ending.id);
    expect([ended.status, new Date(ended.ended_at! * 1000).toISOString()]).toEqual([
      'canceled',
      '2026-02-28T10:00:00.000Z',
    ]);
    expect(await emulator.renewDueSubscriptions()).toEqual([]);
  });

  it('should bill nothing for a trial and the first period when it ends', async () => {
    const { clock, emulator, stripe } = harness;
    const customer = await stripe.customers.create({});
    const price = await createMonthlyPrice(stripe, 1000);
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      trial_period_days: 14,
      expand: ['latest_invoice'],
    });
    expect(subscription.status).toBe('trialing');
    expect(subscription.latest_invoice).toMatchObject({ total: 0, amount_paid: 0, status: 'paid' });
    expect((await stripe.invoicePayments.list({})).data).toEqual([]);

    clock.set('2026-02-20T00:00:00Z');
    const [first] = await emulator.renewDueSubscriptions();
    expect(first).toMatchObject({ total: 1000, status: 'paid' });
    const active = await stripe.subscriptions.retrieve(subscription.id);
    expect([active.status, new Date(active.items.data[0]!.current_period_end * 1000).toISOString()]).toEqual([
      'active',
      '2026-03-14T10:00:00.000Z',
    ]);
  });

  it('should tell the former values when a subscription changes, and prorate the change', async () => {
    const { clock, emulator, sink, stripe } = harness;
    clock.set('2026-03-01T00:00:00Z');
    const customer = await stripe.customers.create({});
    const small = await createMonthlyPrice(stripe, 3100);
    const large = await createMonthlyPrice(stripe, 6200);
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: small.id }],
      metadata: { a: '1', b: '2' },
    });
    clock.set('2026-03-11T00:00:00Z');
    await stripe.subscriptions.update(subscription.id, {
      items: [{ id: subscription.items.data[0]!.id, price: large.id }],
      metadata: { a: '3', b: '' },
      proration_behavior: 'always_invoice',
    });
    await emulator.settle();

    const updated = sink.deliveries
      .map(({ body }) => JSON.parse(body) as Stripe.Event)
      .find(({ type }) => type === 'customer.subscription.updated');
    expect(updated?.data.previous_attributes).toMatchObject({
      metadata: { a: '1', b: '2' },
      items: { data: [{ price: { id: small.id } }] },
    });
    const [invoice] = (await stripe.invoices.list({ subscription: subscription.id, limit: 1 })).data;
    expect(invoice).toMatchObject({ billing_reason: 'subscription_update', total: 2100, amount_paid: 2100 });
    expect(invoice!.lines.data.map((line) => [line.amount, line.parent?.subscription_item_details?.proration])).toEqual(
      [
        [4200, true],
        [-2100, true],
      ],
    );

    await stripe.subscriptions.cancel(subscription.id);
    await emulator.settle();
    expect(sink.types().at(-1)).toBe('customer.subscription.deleted');
    await expect(stripe.subscriptions.cancel(subscription.id)).rejects.toMatchObject({
      code: 'resource_missing',
    });
  });

  it.each([
    [
      '19 % inclusive',
      { percentage: 19, inclusive: true },
      { total: 1190, total_excluding_tax: 1000, subtotal: 1190 },
      190,
    ],
    [
      '19 % exclusive',
      { percentage: 19, inclusive: false },
      { total: 1416, total_excluding_tax: 1190, subtotal: 1190 },
      226,
    ],
    [
      '8.875 % exclusive',
      { percentage: 8.875, inclusive: false },
      { total: 1296, total_excluding_tax: 1190, subtotal: 1190 },
      106,
    ],
  ])('should reckon %s tax', async (_, rate, sums, tax) => {
    const { stripe } = harness;
    const taxRate = await stripe.taxRates.create({ display_name: 'VAT', ...rate });
    const customer = await stripe.customers.create({});
    const price = await createMonthlyPrice(stripe, 1190);
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      default_tax_rates: [taxRate.id],
      expand: ['latest_invoice'],
    });
    const invoice = subscription.latest_invoice as Stripe.Invoice;
    expect(invoice).toMatchObject({ ...sums, amount_paid: sums.total });
    expect(invoice.total_taxes).toMatchObject([
      { amount: tax, tax_rate_details: { tax_rate: taxRate.id }, taxable_amount: sums.total_excluding_tax },
    ]);
  });

  it('should take a coupon and then the customer credit from what is due', async () => {
    const { clock, emulator, stripe } = harness;
    const customer = await stripe.customers.create({ balance: -500 });
    const coupon = await stripe.coupons.create({ percent_off: 20, duration: 'once' });
    const price = await createMonthlyPrice(stripe, 2000);
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      discounts: [{ coupon: coupon.id }],
      expand: ['latest_invoice'],
    });
    expect(subscription.latest_invoice).toMatchObject({
      subtotal: 2000,
      total: 1600,
      amount_due: 1100,
      amount_paid: 1100,
      starting_balance: -500,
      ending_balance: 0,
    });
    expect((await stripe.customers.retrieve(customer.id)) as Stripe.Customer).toMatchObject({ balance: 0 });

    clock.set('2026-03-01T00:00:00Z');
    const [second] = await emulator.renewDueSubscriptions();
    expect(second).toMatchObject({ total: 2000, amount_paid: 2000 });
  });

  it('should carry a one-off invoice from draft to paid, paid elsewhere or void', async () => {
    const { sink, emulator, stripe } = harness;
    const customer = await stripe.customers.create({});
    const draft = async (): Promise<Stripe.Invoice> => {
      await stripe.invoiceItems.create({
        customer: customer.id,
        amount: 700,
        currency: 'usd',
        description: 'Set-up',
      });
      return stripe.invoices.create({ customer: customer.id, pending_invoice_items_behavior: 'include' });
    };
    const paid = await stripe.invoices.pay((await draft()).id);
    expect(paid).toMatchObject({ status: 'paid', amount_paid: 700, parent: null });
    expect(paid.lines.data[0]?.parent?.type).toBe('invoice_item_details');

    const elsewhere = await stripe.invoices.finalizeInvoice((await draft()).id);
    expect(elsewhere.status).toBe('open');
    expect(await stripe.invoices.pay(elsewhere.id, { paid_out_of_band: true })).toMatchObject({
      status: 'paid',
      amount_paid_off_stripe: 700,
    });
    expect((await stripe.invoicePayments.list({ invoice: elsewhere.id })).data).toMatchObject([
      { status: 'canceled', amount_paid: null },
    ]);
    await expect(stripe.invoices.pay(elsewhere.id)).rejects.toMatchObject({ statusCode: 400 });

    const open = await stripe.invoices.finalizeInvoice((await draft()).id);
    expect(await stripe.invoices.voidInvoice(open.id)).toMatchObject({ status: 'void' });
    await emulator.settle();
    expect(sink.types().slice(-2)).toEqual(['payment_intent.canceled', 'invoice.voided']);

    const doubtful = await stripe.invoices.finalizeInvoice((await draft()).id);
    expect(await stripe.invoices.markUncollectible(doubtful.id)).toMatchObject({ status: 'uncollectible' });
    await emulator.settle();
    expect(sink.types().at(-1)).toBe('invoice.marked_uncollectible');
    expect(await stripe.invoices.pay(doubtful.id)).toMatchObject({ status: 'paid', amount_paid: 700 });
  });
});
