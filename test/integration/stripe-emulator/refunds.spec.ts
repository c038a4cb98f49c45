import type { Stripe } from 'stripe';
import { control, createCharge, startHarness, type Harness } from './emulator-harness.js';

describe('refunds in the Stripe emulator', () => {
  let harness: Harness;

  const newTypes = async (): Promise<string[]> => {
    await harness.emulator.settle();
    return harness.sink.newTypes();
  };
  const available = async (): Promise<number> => (await harness.stripe.balance.retrieve()).available[0]!.amount;

  beforeEach(async () => {
    harness = await startHarness({ platformBalances: { usd: 100_000 } });
  });

  afterEach(() => harness.close());

  it('should refund a charge in parts, announce each, and refuse more than what is left', async () => {
    const { sink, stripe } = harness;
    const charge = await createCharge(stripe, 1000);
    await newTypes();

    const part = await stripe.refunds.create({ charge: charge.id, amount: 300, reason: 'requested_by_customer' });
    expect(part).toMatchObject({
      object: 'refund',
      amount: 300,
      charge: charge.id,
      payment_intent: charge.payment_intent,
      reason: 'requested_by_customer',
      status: 'succeeded',
    });
    await harness.emulator.settle();
    const refunded = JSON.parse(sink.deliveries[1]!.body) as Stripe.ChargeRefundedEvent;
    expect(refunded.data.object).toMatchObject({ id: charge.id, amount_refunded: 300, refunded: false });
    expect(refunded.data.previous_attributes).toEqual({ amount_refunded: 0 });
    expect('invoice' in refunded.data.object).toBe(false);
    expect(await newTypes()).toEqual(['refund.created', 'charge.refunded']);

    await expect(stripe.refunds.create({ charge: charge.id, amount: 701 })).rejects.toMatchObject({
      statusCode: 400,
      type: 'StripeInvalidRequestError',
      param: 'amount',
      message: 'Refund amount (701) is greater than unrefunded amount on charge (700)',
    });
    const rest = await stripe.refunds.create({ payment_intent: charge.payment_intent as string });
    expect(rest.amount).toBe(700);
    expect(await stripe.charges.retrieve(charge.id)).toMatchObject({ amount_refunded: 1000, refunded: true });
    await expect(stripe.refunds.create({ charge: charge.id })).rejects.toMatchObject({
      code: 'charge_already_refunded',
    });
    expect(await available()).toBe(99_000);
  });

  it('should list refunds by charge and by payment intent, in pages, and expand them on a charge', async () => {
    const { stripe } = harness;
    const charge = await createCharge(stripe, 1000);
    await createCharge(stripe, 500).then(({ id }) => stripe.refunds.create({ charge: id }));
    const made: string[] = [];
    for (let index = 0; index < 3; index += 1)
      made.unshift((await stripe.refunds.create({ charge: charge.id, amount: 100 })).id);

    const ids = (refunds: Stripe.Refund[]): string[] => refunds.map(({ id }) => id);
    expect(ids(await stripe.refunds.list({ charge: charge.id, limit: 1 }).autoPagingToArray({ limit: 9 }))).toEqual(
      made,
    );
    expect(ids((await stripe.refunds.list({ payment_intent: charge.payment_intent as string })).data)).toEqual(made);
    expect((await stripe.refunds.list()).data).toHaveLength(4);
    const expanded = await stripe.charges.retrieve(charge.id, { expand: ['refunds', 'balance_transaction'] });
    expect(ids(expanded.refunds!.data)).toEqual(made);
    expect(charge.refunds).toBeUndefined();
    const retrieved = await stripe.refunds.retrieve(made[0]!, { expand: ['charge', 'balance_transaction'] });
    expect(retrieved).toMatchObject({ charge: { id: charge.id }, balance_transaction: { amount: -100, net: -100 } });
  });

  it('should tell of a changed refund under its new and its old name', async () => {
    const { sink, stripe } = harness;
    const charge = await createCharge(stripe, 1000);
    const refund = await stripe.refunds.create({ charge: charge.id, metadata: { order: '1' } });
    await newTypes();
    const updated = await stripe.refunds.update(refund.id, { metadata: { order: '2' } });
    expect(updated.metadata).toEqual({ order: '2' });
    await harness.emulator.settle();
    expect((JSON.parse(sink.deliveries[0]!.body) as Stripe.Event).data.previous_attributes).toEqual({
      metadata: { order: '1' },
    });
    expect(await newTypes()).toEqual(['refund.updated', 'charge.refund.updated']);
  });

  it('should let a pending refund succeed or fail later, and a failed one count as not refunded', async () => {
    const { emulator, stripe } = harness;
    const charge = await createCharge(stripe, 1000);
    emulator.setNextRefundStatus('pending');
    const first = await stripe.refunds.create({ charge: charge.id, amount: 400 });
    const second = await stripe.refunds.create({ charge: charge.id, amount: 600 });
    expect([first.status, first.pending_reason, second.status]).toEqual(['pending', 'processing', 'succeeded']);
    expect(await stripe.charges.retrieve(charge.id)).toMatchObject({ amount_refunded: 1000, refunded: true });
    await newTypes();

    expect(emulator.succeedRefund(first.id)).toMatchObject({ status: 'succeeded' });
    expect(await newTypes()).toEqual(['refund.updated', 'charge.refund.updated']);
    expect(() => emulator.succeedRefund(first.id)).toThrow('status succeeded');

    expect(await available()).toBe(99_000);
    expect(emulator.failRefund(second.id, 'expired_or_canceled_card')).toMatchObject({
      status: 'failed',
      failure_reason: 'expired_or_canceled_card',
      failure_balance_transaction: expect.stringMatching(/^txn_/) as unknown,
    });
    expect(await newTypes()).toEqual(['refund.failed', 'refund.updated', 'charge.refund.updated']);
    expect(await stripe.charges.retrieve(charge.id)).toMatchObject({ amount_refunded: 400, refunded: false });
    expect(await available()).toBe(99_600);
    expect(await stripe.refunds.create({ charge: charge.id })).toMatchObject({ amount: 600, status: 'succeeded' });
  });

  it('should begin pending with the test card made for it, and settle over HTTP', async () => {
    const { emulator, stripe } = harness;
    const card = await stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_pendingRefund' } });
    const charge = await createCharge(stripe, 1000, card.id);
    const refund = await stripe.refunds.create({ charge: charge.id });
    expect(refund.status).toBe('pending');
    expect(await control(emulator, 'POST', `refunds/${refund.id}/fail`)).toMatchObject({ status: 'failed' });
    await control(emulator, 'POST', 'refunds/next', { status: 'pending' });
    const again = await stripe.refunds.create({ charge: charge.id });
    expect(await control(emulator, 'POST', `refunds/${again.id}/succeed`)).toMatchObject({ status: 'succeeded' });
  });

  it('should cancel only a refund that waits for the customer', async () => {
    const { emulator, stripe } = harness;
    const charge = await createCharge(stripe, 1000);
    const done = await stripe.refunds.create({ charge: charge.id, amount: 100 });
    await expect(stripe.refunds.cancel(done.id)).rejects.toMatchObject({ statusCode: 400 });
    emulator.setNextRefundStatus('requires_action');
    const waiting = await stripe.refunds.create({ charge: charge.id, amount: 200 });
    expect(await stripe.refunds.cancel(waiting.id)).toMatchObject({ status: 'canceled' });
    expect(await stripe.charges.retrieve(charge.id)).toMatchObject({ amount_refunded: 100 });
  });

  it('should not refund what was never paid', async () => {
    const { stripe } = harness;
    const intent = await stripe.paymentIntents.create({ amount: 1000, currency: 'usd' });
    await expect(stripe.refunds.create({ payment_intent: intent.id })).rejects.toMatchObject({ statusCode: 400 });
    await expect(stripe.refunds.create({ charge: 'ch_none' })).rejects.toMatchObject({ code: 'resource_missing' });
    await expect(stripe.refunds.create({})).rejects.toMatchObject({ code: 'parameter_missing' });
  });
});
