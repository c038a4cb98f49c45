import type { Stripe } from 'stripe';
import { createCharge, createMonthlyPrice, createOpenInvoice, startHarness, type Harness } from './emulator-harness.js';

describe('payments of invoices in the Stripe emulator', () => {
  let harness: Harness;
  let customer: Stripe.Customer;

  const newTypes = async (): Promise<string[]> => {
    await harness.emulator.settle();
    return harness.sink.newTypes();
  };
  const amounts = (payments: Stripe.InvoicePayment[]): [string, number | null][] =>
    payments.map(({ status, amount_paid }) => [status, amount_paid]);

  beforeEach(async () => {
    harness = await startHarness();
    customer = await harness.stripe.customers.create({});
  });

  afterEach(() => harness.close());

  it('should wait with an open payment for an invoice that is finalised', async () => {
    const { stripe } = harness;
    const invoice = await createOpenInvoice(stripe, customer.id, 1000);
    const { data } = await stripe.invoicePayments.list({ invoice: invoice.id, status: 'open' });
    expect(data).toMatchObject([{ amount_requested: 1000, amount_paid: null, is_default: true }]);
    const intent = await stripe.paymentIntents.retrieve(data[0]!.payment.payment_intent as string);
    expect(intent).toMatchObject({ amount: 1000, status: 'requires_payment_method' });
    expect('invoice' in intent).toBe(false);

    await newTypes();
    await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' });
    expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({ status: 'paid', amount_paid: 1000 });
    expect(await newTypes()).toEqual([
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice_payment.paid',
      'invoice.paid',
      'invoice.payment_succeeded',
    ]);
  });

  it('should let several payment intents pay one invoice, and a card the rest', async () => {
    const { stripe } = harness;
    const invoice = await createOpenInvoice(stripe, customer.id, 1000);
    const first = await createCharge(stripe, 300);
    await newTypes();
    const partly = await stripe.invoices.attachPayment(invoice.id, { payment_intent: first.payment_intent as string });
    expect(partly).toMatchObject({ status: 'open', amount_paid: 300, amount_remaining: 700 });
    expect(await newTypes()).toEqual(['invoice_payment.paid', 'invoice.updated']);

    const [waiting] = (await stripe.invoicePayments.list({ invoice: invoice.id, status: 'open' })).data;
    expect(waiting).toMatchObject({ is_default: true, amount_requested: 700 });

    const later = await stripe.paymentIntents.create({ amount: 200, currency: 'usd' });
    await stripe.invoices.attachPayment(invoice.id, { payment_intent: later.id });
    expect((await stripe.invoices.retrieve(invoice.id)).amount_paid).toBe(300);
    await stripe.paymentIntents.confirm(later.id, { payment_method: 'pm_card_visa' });
    expect((await stripe.invoices.retrieve(invoice.id)).amount_paid).toBe(500);

    expect(await stripe.invoices.pay(invoice.id)).toMatchObject({
      status: 'paid',
      amount_paid: 1000,
      amount_remaining: 0,
    });
    expect(amounts((await stripe.invoicePayments.list({ invoice: invoice.id })).data)).toEqual([
      ['paid', 200],
      ['paid', 300],
      ['paid', 500],
    ]);
    const pages = await stripe.invoicePayments
      .list({ invoice: invoice.id, status: 'paid', limit: 1 })
      .autoPagingToArray({ limit: 9 });
    expect(pages).toHaveLength(3);
  });

  it('should cancel the payment that an invoice waited for once others have paid it', async () => {
    const { stripe } = harness;
    const invoice = await createOpenInvoice(stripe, customer.id, 1000);
    const charge = await createCharge(stripe, 1000);
    await newTypes();
    await stripe.invoices.attachPayment(invoice.id, { payment_intent: charge.payment_intent as string });
    expect(await newTypes()).toEqual([
      'invoice_payment.paid',
      'payment_intent.canceled',
      'invoice.paid',
      'invoice.payment_succeeded',
    ]);
    expect(amounts((await stripe.invoicePayments.list({ invoice: invoice.id })).data)).toEqual([
      ['paid', 1000],
      ['canceled', null],
    ]);
  });

  it('should let one payment intent pay several invoices, and no more than it has', async () => {
    const { stripe } = harness;
    const invoices = [
      await createOpenInvoice(stripe, customer.id, 600),
      await createOpenInvoice(stripe, customer.id, 300),
      await createOpenInvoice(stripe, customer.id, 500),
    ];
    const { payment_intent } = await createCharge(stripe, 1000);
    for (const invoice of invoices)
      await stripe.invoices.attachPayment(invoice.id, { payment_intent: payment_intent as string });

    const statuses = await Promise.all(invoices.map(async ({ id }) => (await stripe.invoices.retrieve(id)).status));
    expect(statuses).toEqual(['paid', 'paid', 'open']);
    const { data } = await stripe.invoicePayments.list({
      payment: { type: 'payment_intent', payment_intent: payment_intent as string },
    });
    expect(data.map(({ invoice, amount_paid }) => [invoice, amount_paid])).toEqual([
      [invoices[2]!.id, 100],
      [invoices[1]!.id, 300],
      [invoices[0]!.id, 600],
    ]);
    const another = await createOpenInvoice(stripe, customer.id, 100);
    await expect(
      stripe.invoices.attachPayment(another.id, { payment_intent: payment_intent as string }),
    ).rejects.toMatchObject({ param: 'payment_intent' });
  });

  it('should keep a declined attempt, say why, and let another card pay', async () => {
    const { stripe } = harness;
    const invoice = await createOpenInvoice(stripe, customer.id, 1000);
    await newTypes();
    await expect(
      stripe.invoices.pay(invoice.id, { payment_method: 'pm_card_chargeDeclinedInsufficientFunds' }),
    ).rejects.toMatchObject({
      type: 'StripeCardError',
      statusCode: 402,
      code: 'card_declined',
      decline_code: 'insufficient_funds',
      message: 'Your card has insufficient funds.',
      charge: expect.stringMatching(/^ch_/) as unknown,
      payment_intent: { status: 'requires_payment_method' },
    });
    expect(await newTypes()).toEqual(['charge.failed', 'payment_intent.payment_failed', 'invoice.payment_failed']);
    expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({ status: 'open', attempt_count: 1 });
    const [failed] = (await stripe.charges.list()).data;
    expect(failed).toMatchObject({
      status: 'failed',
      paid: false,
      failure_code: 'card_declined',
      outcome: { type: 'issuer_declined', reason: 'insufficient_funds' },
    });
    await expect(stripe.refunds.create({ charge: failed!.id })).rejects.toMatchObject({ statusCode: 400 });
    expect(await stripe.invoices.pay(invoice.id)).toMatchObject({ status: 'paid', attempt_count: 2 });
  });

  it('should decline later what a card that can be saved does not pay', async () => {
    const { stripe } = harness;
    const card = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id });
    expect([card.customer, card.card?.last4]).toEqual([customer.id, '0341']);
    await expect(
      stripe.paymentIntents.create({ amount: 100, currency: 'usd', payment_method: card.id, confirm: true }),
    ).rejects.toMatchObject({ code: 'card_declined' });
    await expect(
      stripe.charges.create({ amount: 100, currency: 'usd', source: 'tok_chargeDeclined' }),
    ).rejects.toMatchObject({ type: 'StripeCardError', decline_code: 'generic_decline' });
    expect((await stripe.charges.list()).data.map(({ status }) => status)).toEqual(['failed', 'failed']);
  });

  it('should hold the money of a charge back as pending, but for the card that skips this', async () => {
    const { stripe } = harness;
    const before = await stripe.balance.retrieve();
    await createCharge(stripe, 300, 'pm_card_visa', 'sek');
    await createCharge(stripe, 200, 'pm_card_bypassPending', 'sek');
    const after = await stripe.balance.retrieve();
    expect(before.available.map(({ currency }) => currency)).not.toContain('sek');
    for (const [kind, amount] of [['available', 200] as const, ['pending', 300] as const])
      expect(after[kind].find(({ currency }) => currency === 'sek')).toMatchObject({ amount });
    const { data } = await stripe.balanceTransactions.list({ currency: 'sek', type: 'charge' });
    expect(data.map(({ net, status }) => [net, status])).toEqual([
      [200, 'available'],
      [300, 'pending'],
    ]);
  });

  it('should begin a subscription incomplete when its card declines, and make it past due on renewal', async () => {
    const { clock, emulator, stripe } = harness;
    const price = await createMonthlyPrice(stripe, 1000);
    const create = (payment_method: string): Promise<Stripe.Subscription> =>
      stripe.subscriptions.create({
        customer: customer.id,
        items: [{ price: price.id }],
        default_payment_method: payment_method,
      });
    const incomplete = await create('pm_card_chargeDeclined');
    expect(incomplete.status).toBe('incomplete');
    await stripe.invoices.pay(incomplete.latest_invoice as string, { payment_method: 'pm_card_visa' });
    expect((await stripe.subscriptions.retrieve(incomplete.id)).status).toBe('active');
    await stripe.subscriptions.cancel(incomplete.id);

    const active = await create('pm_card_visa');
    await stripe.subscriptions.update(active.id, { default_payment_method: 'pm_card_chargeCustomerFail' });
    clock.set('2026-03-01T00:00:00Z');
    await newTypes();
    const [unpaid] = await emulator.renewDueSubscriptions();
    expect(unpaid).toMatchObject({ status: 'open', attempt_count: 1 });
    expect((await stripe.subscriptions.retrieve(active.id)).status).toBe('past_due');
    expect((await newTypes()).slice(-3)).toEqual([
      'payment_intent.payment_failed',
      'invoice.payment_failed',
      'customer.subscription.updated',
    ]);
  });
});
