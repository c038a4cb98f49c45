import type { Stripe } from 'stripe';
import { createOpenInvoice, startHarness, type Harness } from './emulator-harness.js';

describe('credit notes in the Stripe emulator', () => {
  let harness: Harness;
  let customer: Stripe.Customer;

  const newTypes = async (): Promise<string[]> => {
    await harness.emulator.settle();
    return harness.sink.newTypes();
  };
  const paidInvoice = async (amount: number): Promise<Stripe.Invoice> =>
    harness.stripe.invoices.pay((await createOpenInvoice(harness.stripe, customer.id, amount)).id);
  const balance = async (): Promise<number> =>
    ((await harness.stripe.customers.retrieve(customer.id)) as Stripe.Customer).balance;

  beforeEach(async () => {
    harness = await startHarness();
    customer = await harness.stripe.customers.create({});
  });

  afterEach(() => harness.close());

  it('should lower an open invoice, pay it when nothing remains, and be taken back while it is open', async () => {
    const { stripe } = harness;
    const invoice = await createOpenInvoice(stripe, customer.id, 1000);
    await newTypes();
    const note = await stripe.creditNotes.create({ invoice: invoice.id, amount: 400, reason: 'order_change' });
    expect(note).toMatchObject({
      amount: 400,
      type: 'pre_payment',
      pre_payment_amount: 400,
      post_payment_amount: 0,
      reason: 'order_change',
      status: 'issued',
      number: `${invoice.number}-CN-01`,
      refunds: [],
    });
    expect(await newTypes()).toEqual(['credit_note.created', 'invoice.updated']);
    expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({
      status: 'open',
      total: 1000,
      amount_due: 600,
      amount_remaining: 600,
      pre_payment_credit_notes_amount: 400,
    });

    const [payment] = (await stripe.invoicePayments.list({ invoice: invoice.id })).data;
    expect(payment).toMatchObject({ status: 'open', amount_requested: 600 });

    expect(await stripe.creditNotes.voidCreditNote(note.id)).toMatchObject({ status: 'void' });
    expect(await newTypes()).toEqual(['credit_note.voided', 'invoice.updated']);
    expect((await stripe.invoices.retrieve(invoice.id)).amount_due).toBe(1000);
    await expect(stripe.creditNotes.voidCreditNote(note.id)).rejects.toMatchObject({ statusCode: 400 });

    await stripe.creditNotes.create({
      invoice: invoice.id,
      lines: [{ type: 'custom_line_item', unit_amount: 500, quantity: 2, description: 'All of it' }],
    });
    expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({ status: 'paid', amount_due: 0, amount_paid: 0 });
    expect((await newTypes()).slice(-2)).toEqual(['invoice.paid', 'invoice.payment_succeeded']);
  });

  it('should give back what was paid by refund, credit and out of band, and only when it adds up', async () => {
    const { stripe } = harness;
    const invoice = await paidInvoice(1000);
    await newTypes();
    const parameters = { invoice: invoice.id, amount: 600, refund_amount: 300, credit_amount: 200 };
    await expect(stripe.creditNotes.create(parameters)).rejects.toMatchObject({
      message:
        'The sum of credit amount, refund amount and out of band amount (500) must equal the post payment credit note amount (600).',
    });
    await expect(
      stripe.creditNotes.create({ invoice: invoice.id, amount: 1001, credit_amount: 1001 }),
    ).rejects.toMatchObject({ param: 'amount' });
    expect(await newTypes()).toEqual([]);

    const note = await stripe.creditNotes.create({ ...parameters, out_of_band_amount: 100 });
    expect(note).toMatchObject({
      type: 'post_payment',
      post_payment_amount: 600,
      out_of_band_amount: 100,
      refunds: [{ amount_refunded: 300, type: 'refund', refund: expect.stringMatching(/^re_/) as unknown }],
    });
    expect(await newTypes()).toEqual([
      'customer.updated',
      'refund.created',
      'charge.refunded',
      'credit_note.created',
      'invoice.updated',
    ]);
    expect(await balance()).toBe(-200);
    expect((await stripe.customers.listBalanceTransactions(customer.id)).data).toMatchObject([
      { amount: -200, ending_balance: -200, type: 'credit_note', credit_note: note.id, invoice: invoice.id },
    ]);
    expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({
      status: 'paid',
      amount_paid: 1000,
      post_payment_credit_notes_amount: 600,
    });
    await expect(stripe.creditNotes.voidCreditNote(note.id)).rejects.toMatchObject({ statusCode: 400 });

    const next = await createOpenInvoice(stripe, customer.id, 500);
    expect(next).toMatchObject({ amount_due: 300, starting_balance: -200, ending_balance: 0 });
    await stripe.invoices.voidInvoice(next.id);
    expect(await balance()).toBe(-200);
    expect(
      (await stripe.customers.listBalanceTransactions(customer.id)).data.map(({ type, amount }) => [type, amount]),
    ).toEqual([
      ['unapplied_from_invoice', -200],
      ['applied_to_invoice', 200],
      ['credit_note', -200],
    ]);
  });

  it('should link refunds that were made before, each only once', async () => {
    const { stripe } = harness;
    const invoice = await paidInvoice(1000);
    const [payment] = (await stripe.invoicePayments.list({ invoice: invoice.id })).data;
    const refund = await stripe.refunds.create({
      payment_intent: payment!.payment.payment_intent as string,
      amount: 250,
    });
    await newTypes();
    const note = await stripe.creditNotes.create({
      invoice: invoice.id,
      amount: 250,
      refunds: [{ refund: refund.id }],
    });
    expect(note.refunds).toMatchObject([{ amount_refunded: 250, refund: refund.id }]);
    expect(await newTypes()).toEqual(['credit_note.created', 'invoice.updated']);
    await expect(
      stripe.creditNotes.create({ invoice: invoice.id, amount: 250, refunds: [{ refund: refund.id }] }),
    ).rejects.toMatchObject({ param: 'refunds' });
  });

  it('should refund over all payments of an invoice, and credit a partly paid one in both ways', async () => {
    const { stripe } = harness;
    const invoice = await createOpenInvoice(stripe, customer.id, 1000);
    for (const amount of [300, 200]) {
      const intent = await stripe.paymentIntents.create({
        amount,
        currency: 'usd',
        payment_method: 'pm_card_visa',
        confirm: true,
      });
      await stripe.invoices.attachPayment(invoice.id, { payment_intent: intent.id });
    }
    const note = await stripe.creditNotes.create({ invoice: invoice.id, amount: 900, refund_amount: 400 });
    expect(note).toMatchObject({ type: 'mixed', pre_payment_amount: 500, post_payment_amount: 400 });
    expect(note.refunds.map(({ amount_refunded }) => amount_refunded)).toEqual([300, 100]);
    expect((await stripe.invoices.retrieve(invoice.id)).status).toBe('paid');
  });

  it.each([
    ['inclusive', true, { amount: 595, subtotal: 595, total_excluding_tax: 500 }],
    ['exclusive', false, { amount: 595, subtotal: 500, total_excluding_tax: 500 }],
  ])('should take the %s tax of a line along', async (_, inclusive, sums) => {
    const { stripe } = harness;
    const rate = await stripe.taxRates.create({ display_name: 'VAT', percentage: 19, inclusive });
    const amount = inclusive ? 1190 : 1000;
    await stripe.invoiceItems.create({ customer: customer.id, amount, currency: 'usd', tax_rates: [rate.id] });
    const draft = await stripe.invoices.create({ customer: customer.id, pending_invoice_items_behavior: 'include' });
    const invoice = await stripe.invoices.pay(draft.id);
    const lines: Stripe.CreditNoteCreateParams.Line[] = [
      { type: 'invoice_line_item', invoice_line_item: invoice.lines.data[0]!.id, amount: amount / 2 },
    ];
    const preview = await stripe.creditNotes.preview({
      invoice: invoice.id,
      lines: lines,
      credit_amount: 595,
    });
    expect(preview).toMatchObject(sums);
    expect((await stripe.creditNotes.list({ invoice: invoice.id })).data).toEqual([]);
    const note = await stripe.creditNotes.create({ invoice: invoice.id, lines, credit_amount: 595 });
    expect(note).toMatchObject({ ...sums, total_taxes: [{ amount: 95, taxable_amount: 500 }] });
    const plain = await stripe.creditNotes.create({ invoice: invoice.id, amount: 119, out_of_band_amount: 119 });
    expect(plain).toMatchObject({ amount: 119, total_excluding_tax: 100, total_taxes: [{ amount: 19 }] });
  });

  it('should keep a memo, list by invoice and customer, and tell of changes', async () => {
    const { stripe } = harness;
    const invoice = await paidInvoice(1000);
    const note = await stripe.creditNotes.create({ invoice: invoice.id, amount: 100, credit_amount: 100 });
    await newTypes();
    await stripe.creditNotes.update(note.id, { memo: 'Sorry', metadata: { ticket: '7' } });
    expect(await newTypes()).toEqual(['credit_note.updated']);
    const retrieved = await stripe.creditNotes.retrieve(note.id, { expand: ['customer_balance_transaction'] });
    expect(retrieved).toMatchObject({
      memo: 'Sorry',
      metadata: { ticket: '7' },
      customer_balance_transaction: { amount: -100 },
    });
    for (const filter of [{ invoice: invoice.id }, { customer: customer.id }])
      expect((await stripe.creditNotes.list(filter)).data.map(({ id }) => id)).toEqual([note.id]);
    expect((await stripe.creditNotes.list({ invoice: 'in_other' })).data).toEqual([]);
  });
});
