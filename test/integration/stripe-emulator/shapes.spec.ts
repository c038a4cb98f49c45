import {
  createActiveAccount,
  createCharge,
  createMonthlyPrice,
  startHarness,
  type Harness,
} from './emulator-harness.js';
import { publishedTypes, shapeFaults, type WireObject } from './published-shapes.js';

describe('the shape of what the Stripe emulator answers', () => {
  let harness: Harness;
  const answers = new Map<string, WireObject>();

  /** Reads past the SDK, which would turn decimals into objects. */
  const raw = async (path: string): Promise<WireObject> => {
    const response = await fetch(`${harness.emulator.url}${path}`, {
      headers: { authorization: 'Bearer sk_test_emulator' },
    });
    return (await response.json()) as WireObject;
  };

  const firstOf = (list: unknown): WireObject => (list as { data: WireObject[] }).data[0]!;

  beforeAll(async () => {
    harness = await startHarness();
    const { stripe } = harness;
    const customer = await stripe.customers.create({ email: 'ada@example.com' });
    const taxRate = await stripe.taxRates.create({ display_name: 'VAT', percentage: 19, inclusive: false });
    const coupon = await stripe.coupons.create({ percent_off: 10, duration: 'forever' });
    await stripe.promotionCodes.create({ code: 'FALL20', promotion: { type: 'coupon', coupon: coupon.id } });
    const price = await createMonthlyPrice(stripe, 1000);
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: price.id }],
      success_url: 'https://app.example.com/done',
      client_reference_id: 'user-7',
    });
    harness.emulator.completeCheckoutSession(session.id);
    const { latest_invoice: latest } = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      default_tax_rates: [taxRate.id],
      discounts: [{ coupon: coupon.id }],
    });
    const [billed] = (await stripe.invoices.listLineItems(latest as string)).data;
    await stripe.invoiceItems.create({ customer: customer.id, amount: 100, currency: 'usd' });
    const destination = await createActiveAccount(harness);
    const transfer = await stripe.transfers.create({ amount: 100, currency: 'usd', destination });
    await stripe.transfers.createReversal(transfer.id, { amount: 40 });
    const bankPayout = harness.emulator.failBankPayout(destination, { amount: 100, currency: 'eur' });
    const [charge] = (await stripe.charges.list()).data;
    await createCharge(stripe, 500, 'pm_card_createDispute');
    await stripe.refunds.create({ charge: charge!.id, amount: 10 });
    const creditNote = await stripe.creditNotes.create({
      invoice: latest as string,
      lines: [{ type: 'invoice_line_item', invoice_line_item: billed!.id, amount: 500 }],
      credit_amount: 536,
    });
    const card = await stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_visa' } });

    const subscription = firstOf(await raw('/v1/subscriptions?expand[]=data.discounts'));
    const invoice = firstOf(await raw('/v1/invoices'));
    const known: WireObject[] = [
      await raw(`/v1/customers/${customer.id}`),
      await raw(`/v1/prices/${price.id}`),
      subscription,
      firstOf(subscription.items),
      (subscription.discounts as WireObject[])[0]!,
      invoice,
      firstOf(invoice.lines),
      await raw(`/v1/accounts/${destination}`),
      firstOf((await raw(`/v1/accounts/${destination}`)).external_accounts),
      (await stripe.payouts.retrieve(bankPayout.id, {}, { stripeAccount: destination })) as unknown as WireObject,
      firstOf(await raw(`/v1/accounts/${destination}/capabilities`)),
      await raw(`/v1/charges/${charge!.id}?expand[]=refunds`),
      await raw(`/v1/payment_methods/${card.id}`),
      await raw(`/v1/checkout/sessions/${session.id}`),
      firstOf(await raw(`/v1/checkout/sessions/${session.id}/line_items`)),
      firstOf(await raw(`/v1/credit_notes/${creditNote.id}/lines`)),
      firstOf(await raw(`/v1/customers/${customer.id}/balance_transactions`)),
      await raw('/v1/balance'),
      (await stripe.accountLinks.create({
        account: destination,
        type: 'account_onboarding',
        refresh_url: 'https://app.example.com/refresh',
        return_url: 'https://app.example.com/return',
      })) as unknown as WireObject,
      (await stripe.accounts.createLoginLink(destination)) as unknown as WireObject,
    ];
    const listed = [
      'products',
      'tax_rates',
      'coupons',
      'promotion_codes',
      'invoice_payments',
      'invoiceitems',
      'payment_intents',
      'credit_notes',
      'refunds',
      'disputes',
      'balance_transactions',
      'transfers',
      `transfers/${transfer.id}/reversals`,
      'events',
    ];
    for (const path of listed) known.push(firstOf(await raw(`/v1/${path}`)));
    known.forEach((object) => answers.set(String(object.object), object));
  });

  afterAll(() => harness.close());

  it.each(publishedTypes)('should give %s every field that Stripe publishes, holding what it holds there', (type) => {
    expect(answers.has(type)).toBe(true);
    expect(shapeFaults(answers.get(type)!)).toEqual([]);
  });

  it.each<[string, string[]]>([
    [
      'invoice',
      [
        'parent.subscription_details.subscription',
        'parent.subscription_details.metadata',
        'total_taxes.0.amount',
        'total_taxes.0.tax_rate_details.tax_rate',
        'status_transitions.paid_at',
      ],
    ],
    [
      'line_item',
      [
        'parent.subscription_item_details.proration',
        'parent.subscription_item_details.subscription_item',
        'pricing.price_details.price',
        'pricing.price_details.product',
        'period.start',
        'period.end',
      ],
    ],
    [
      'subscription',
      [
        'items.data.0.current_period_start',
        'items.data.0.current_period_end',
        'items.data.0.price.recurring.interval',
        'latest_invoice',
      ],
    ],
    ['invoice_payment', ['payment.type', 'payment.payment_intent', 'amount_paid', 'invoice']],
    [
      'account',
      [
        'capabilities.transfers',
        'requirements.currently_due',
        'requirements.past_due',
        'controller.stripe_dashboard.type',
      ],
    ],
    ['payout', ['failure_code', 'destination', 'failure_balance_transaction']],
    ['balance', ['available.0.amount', 'available.0.currency']],
    ['transfer', ['reversals.data.0.amount', 'amount_reversed']],
    ['charge', ['payment_intent', 'refunds.data.0.amount', 'balance_transaction', 'outcome.type']],
    ['refund', ['charge', 'payment_intent', 'status', 'balance_transaction']],
    [
      'credit_note',
      ['invoice', 'customer', 'lines.data.0.amount', 'total_taxes.0.amount', 'customer_balance_transaction'],
    ],
    ['checkout.session', ['client_reference_id', 'customer', 'customer_details.email', 'subscription', 'invoice']],
    ['dispute', ['charge', 'payment_intent', 'balance_transactions.0.net', 'evidence_details.due_by']],
    ['event', ['data.object', 'api_version', 'request.id']],
  ])('should fill in the inner fields of %s that the product reads', (type, paths) => {
    expect(
      paths.filter(
        (path) => valueAt(answers.get(type), path) === undefined || valueAt(answers.get(type), path) === null,
      ),
    ).toEqual([]);
  });
});

function valueAt(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => (inner as WireObject | undefined)?.[key], value);
}
