import type { Stripe } from 'stripe';
import { control, createCharge, createOpenInvoice, startHarness, type Harness } from './emulator-harness.js';

describe('disputes in the Stripe emulator', () => {
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

  it('should take the money and a fee with a chargeback and give both back when it is won', async () => {
    const { emulator, stripe } = harness;
    const charge = await createCharge(stripe, 5000);
    await newTypes();
    const dispute = emulator.openDispute(charge.id, { reason: 'product_not_received' });
    expect(await newTypes()).toEqual(['charge.dispute.created', 'charge.dispute.funds_withdrawn']);
    expect(await stripe.disputes.retrieve(dispute.id)).toMatchObject({
      amount: 5000,
      charge: charge.id,
      payment_intent: charge.payment_intent,
      reason: 'product_not_received',
      status: 'needs_response',
      is_charge_refundable: false,
      balance_transactions: [{ amount: -5000, fee: 1500, net: -6500 }],
    });
    expect((await stripe.charges.retrieve(charge.id)).disputed).toBe(true);
    expect(await available()).toBe(93_500);
    await expect(stripe.refunds.create({ charge: charge.id })).rejects.toMatchObject({ code: 'charge_disputed' });

    emulator.moveDispute(dispute.id, 'won');
    expect(await newTypes()).toEqual(['charge.dispute.funds_reinstated', 'charge.dispute.closed']);
    expect(await available()).toBe(100_000);
    expect((await stripe.disputes.retrieve(dispute.id)).balance_transactions.map(({ net }) => net)).toEqual([
      -6500, 6500,
    ]);
  });

  it('should take no money with an inquiry until it is escalated', async () => {
    const { emulator, stripe } = harness;
    const charge = await createCharge(stripe, 5000);
    await newTypes();
    const dispute = emulator.openDispute(charge.id, { amount: 2000, inquiry: true });
    expect([dispute.status, dispute.amount, dispute.balance_transactions]).toEqual([
      'warning_needs_response',
      2000,
      [],
    ]);
    expect(await newTypes()).toEqual(['charge.dispute.created']);
    emulator.moveDispute(dispute.id, 'needs_response');
    expect(await newTypes()).toEqual(['charge.dispute.updated', 'charge.dispute.funds_withdrawn']);
    expect(await available()).toBe(96_500);
    emulator.moveDispute(dispute.id, 'lost');
    expect(await newTypes()).toEqual(['charge.dispute.closed']);
    expect(await available()).toBe(96_500);

    const quiet = emulator.openDispute(charge.id, { inquiry: true });
    await newTypes();
    emulator.moveDispute(quiet.id, 'warning_closed');
    expect(await newTypes()).toEqual(['charge.dispute.closed']);
    expect((await stripe.disputes.list({ charge: charge.id })).data.map(({ status }) => status)).toEqual([
      'warning_closed',
      'lost',
    ]);
  });

  it('should bring a dispute into a status that nobody knows', async () => {
    const { emulator, stripe } = harness;
    const charge = await createCharge(stripe, 5000);
    const dispute = emulator.openDispute(charge.id);
    await newTypes();
    emulator.moveDispute(dispute.id, 'in_arbitration');
    expect(await newTypes()).toEqual(['charge.dispute.updated']);
    expect((await stripe.disputes.retrieve(dispute.id)).status).toBe('in_arbitration');
  });

  it.each([
    ['winning_evidence', 'won', ['updated', 'funds_reinstated', 'closed']],
    ['losing_evidence', 'lost', ['updated', 'closed']],
    ['Here is the receipt.', 'under_review', ['updated']],
  ])('should decide over the evidence "%s" as %s', async (text, status, events) => {
    const { emulator, stripe } = harness;
    const charge = await createCharge(stripe, 5000);
    const dispute = emulator.openDispute(charge.id);
    const kept = await stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: text }, submit: false });
    expect([kept.status, kept.evidence_details.has_evidence, kept.evidence_details.submission_count]).toEqual([
      'needs_response',
      true,
      0,
    ]);
    await newTypes();
    const submitted = await stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: text } });
    expect([submitted.status, submitted.evidence_details.submission_count]).toEqual([status, 1]);
    expect(await newTypes()).toEqual(events.map((event) => `charge.dispute.${event}`));
  });

  it('should lose a chargeback that is given in to, and only once', async () => {
    const { emulator, stripe } = harness;
    const charge = await createCharge(stripe, 5000);
    const dispute = emulator.openDispute(charge.id);
    await newTypes();
    expect((await stripe.disputes.close(dispute.id)).status).toBe('lost');
    expect(await newTypes()).toEqual(['charge.dispute.closed']);
    await expect(stripe.disputes.close(dispute.id)).rejects.toMatchObject({ statusCode: 400 });
  });

  it('should dispute what is paid with the cards made for it, by name, token or number', async () => {
    const { emulator, stripe } = harness;
    const ways: [Stripe.PaymentIntentCreateParams, string, string][] = [
      [{ amount: 700, currency: 'usd', payment_method: 'pm_card_createDispute' }, 'fraudulent', 'needs_response'],
      [
        {
          amount: 800,
          currency: 'usd',
          payment_method_data: { type: 'card', card: { token: 'tok_createDisputeInquiry' } } as never,
        },
        'general',
        'warning_needs_response',
      ],
      [
        {
          amount: 900,
          currency: 'usd',
          payment_method_data: {
            type: 'card',
            card: { number: '4000000000002685', exp_month: '12', exp_year: '2034' },
          } as never,
        },
        'product_not_received',
        'needs_response',
      ],
    ];
    for (const [parameters, reason, status] of ways) {
      const intent = await stripe.paymentIntents.create({ ...parameters, confirm: true });
      const { data } = await stripe.disputes.list({ payment_intent: intent.id });
      expect(data).toMatchObject([{ amount: parameters.amount, reason, status }]);
    }
    expect((await newTypes()).slice(0, 5)).toEqual([
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'charge.dispute.created',
      'charge.dispute.funds_withdrawn',
    ]);

    const direct = await stripe.charges.create({ amount: 600, currency: 'usd', source: 'tok_createDispute' });
    expect(direct.payment_intent).toBeNull();
    expect((await stripe.disputes.list({ charge: direct.id })).data).toMatchObject([{ payment_intent: null }]);

    const plain = await createCharge(stripe, 1000);
    const opened = await control(emulator, 'POST', 'disputes', { charge: plain.id, amount: 400, inquiry: true });
    expect(opened).toMatchObject({ amount: 400, status: 'warning_needs_response' });
    expect(
      await control(emulator, 'POST', `disputes/${String(opened.id)}/status`, { status: 'needs_response' }),
    ).toMatchObject({ status: 'needs_response', balance_transactions: [{ net: -1900 }] });
  });

  it('should dispute what an invoice was paid with, after it was paid', async () => {
    const { stripe } = harness;
    const customer = await stripe.customers.create({});
    const { id } = await createOpenInvoice(stripe, customer.id, 1000);
    await newTypes();
    await stripe.invoices.pay(id, { payment_method: 'pm_card_createDispute' });
    expect(await newTypes()).toEqual([
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice_payment.paid',
      'invoice.paid',
      'invoice.payment_succeeded',
      'charge.dispute.created',
      'charge.dispute.funds_withdrawn',
    ]);
    const [dispute] = (await stripe.disputes.list()).data;
    const { data } = await stripe.invoicePayments.list({
      payment: { type: 'payment_intent', payment_intent: dispute!.payment_intent as string },
    });
    expect(data.map(({ invoice }) => invoice)).toEqual([id]);
  });
});
