import type { Stripe } from 'stripe';
import { control, createMonthlyPrice, startHarness, type Harness } from './emulator-harness.js';

describe('checkout sessions in the Stripe emulator', () => {
  let harness: Harness;

  const newTypes = async (): Promise<string[]> => {
    await harness.emulator.settle();
    return harness.sink.newTypes();
  };
  const open = (parameters: Partial<Stripe.Checkout.SessionCreateParams>): Promise<Stripe.Checkout.Session> =>
    harness.stripe.checkout.sessions.create({
      mode: 'payment',
      success_url: 'https://app.example.com/done?session={CHECKOUT_SESSION_ID}',
      line_items: [{ price_data: { currency: 'usd', unit_amount: 750, product_data: { name: 'Seat' } }, quantity: 2 }],
      ...parameters,
    });

  beforeEach(async () => {
    harness = await startHarness();
  });

  afterEach(() => harness.close());

  it('should take a payment from a guest and tell whose it was', async () => {
    const { emulator, stripe } = harness;
    const session = await open({ client_reference_id: 'user-7', payment_intent_data: { metadata: { plan: 'team' } } });
    expect(session).toMatchObject({
      amount_total: 1500,
      client_reference_id: 'user-7',
      customer: null,
      payment_link: null,
      payment_intent: null,
      payment_status: 'unpaid',
      status: 'open',
    });
    await newTypes();
    const completed = emulator.completeCheckoutSession(session.id, { email: 'ada@example.com' });
    expect(completed).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      customer: null,
      customer_details: { email: 'ada@example.com' },
      client_reference_id: 'user-7',
    });
    const intent = await stripe.paymentIntents.retrieve(completed.payment_intent as string);
    expect(intent).toMatchObject({ status: 'succeeded', amount: 1500, metadata: { plan: 'team' } });
    expect(await newTypes()).toEqual([
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'checkout.session.completed',
    ]);
    expect(() => emulator.completeCheckoutSession(session.id)).toThrow('complete');
    const expanded = await stripe.checkout.sessions.retrieve(session.id, { expand: ['line_items', 'payment_intent'] });
    expect(expanded.line_items!.data).toMatchObject([{ description: 'Seat', quantity: 2, amount_total: 1500 }]);
    expect(expanded.payment_intent).toMatchObject({ id: intent.id });
  });

  it('should start a subscription, with its customer and metadata', async () => {
    const { emulator, stripe } = harness;
    const price = await createMonthlyPrice(stripe, 1200);
    const session = await open({
      mode: 'subscription',
      line_items: [{ price: price.id, quantity: 3 }],
      customer_email: 'host@example.com',
      subscription_data: { metadata: { fairshare_user_id: 'user-7' } },
    });
    await newTypes();
    const completed = await control(emulator, 'POST', `checkout/sessions/${session.id}/complete`);
    const subscription = await stripe.subscriptions.retrieve(completed.subscription as string);
    expect(subscription).toMatchObject({
      status: 'active',
      customer: completed.customer,
      latest_invoice: completed.invoice,
      metadata: { fairshare_user_id: 'user-7' },
    });
    expect(await stripe.customers.retrieve(completed.customer as string)).toMatchObject({ email: 'host@example.com' });
    expect((await stripe.invoices.retrieve(completed.invoice as string)).amount_paid).toBe(3600);
    const types = await newTypes();
    expect([types[0], types.at(-1)]).toEqual(['customer.created', 'checkout.session.completed']);
    const listed = await stripe.checkout.sessions.list({ subscription: subscription.id });
    expect(listed.data.map(({ id }) => id)).toEqual([session.id]);
  });

  it('should owe nothing for a trial', async () => {
    const price = await createMonthlyPrice(harness.stripe, 1200);
    const { id } = await open({
      mode: 'subscription',
      line_items: [{ price: price.id }],
      subscription_data: { trial_period_days: 14 },
    });
    expect(harness.emulator.completeCheckoutSession(id)).toMatchObject({
      payment_status: 'no_payment_required',
      status: 'complete',
    });
  });

  it('should stay open when the card declines, and be paid with another', async () => {
    const { emulator, stripe } = harness;
    const price = await createMonthlyPrice(stripe, 1200);
    for (const session of [await open({}), await open({ mode: 'subscription', line_items: [{ price: price.id }] })]) {
      const declined = await control(emulator, 'POST', `checkout/sessions/${session.id}/complete`, {
        payment_method: 'pm_card_chargeDeclined',
      });
      expect(declined).toMatchObject({ error: { type: 'card_error', code: 'card_declined' } });
      expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
      expect(emulator.completeCheckoutSession(session.id).status).toBe('complete');
    }
  });

  it('should be paid by pressing the button of its page, once, and lead back to the shop', async () => {
    const { stripe } = harness;
    const session = await open({ cancel_url: 'https://app.example.com/cart' });
    const page = await (await fetch(session.url!)).text();
    expect(page).toContain('Pay $15.00');
    expect(page).toContain('https://app.example.com/cart');
    for (let press = 0; press < 2; press += 1) {
      const pressed = await fetch(session.url!, { method: 'POST', redirect: 'manual' });
      expect([pressed.status, pressed.headers.get('location')]).toEqual([
        303,
        `https://app.example.com/done?session=${session.id}`,
      ]);
    }
    expect((await stripe.charges.list()).data).toHaveLength(1);
    await expect(open({ success_url: 'javascript:alert(1)' })).rejects.toMatchObject({ code: 'url_invalid' });
    expect((await fetch(`${harness.emulator.url}/c/pay/cs_test_none`)).status).toBe(410);
  });

  it('should not be paid once it has expired, by request or by time', async () => {
    const { clock, emulator, stripe } = harness;
    const [asked, waited] = [await open({}), await open({})];
    await newTypes();
    expect(await stripe.checkout.sessions.expire(asked.id)).toMatchObject({ status: 'expired', url: null });
    expect(await newTypes()).toEqual(['checkout.session.expired']);
    expect(() => emulator.completeCheckoutSession(asked.id)).toThrow('expired');
    clock.advanceMs(25 * 3_600_000);
    expect(() => emulator.completeCheckoutSession(waited.id)).toThrow('can no longer be paid');
  });

  it('should take a promotion code, given by the host or typed in, and name it wherever Stripe does', async () => {
    const { emulator, stripe } = harness;
    const price = await createMonthlyPrice(stripe, 9900);
    const coupon = await stripe.coupons.create({ percent_off: 20, duration: 'once' });
    const promotion = { type: 'coupon' as const, coupon: coupon.id };
    const { id: promotionCode } = await stripe.promotionCodes.create({ code: 'FALL20', promotion });
    await expect(stripe.promotionCodes.create({ code: 'fall20', promotion })).rejects.toThrow('already exists');
    expect((await stripe.promotionCodes.list({ code: 'fall20', active: true })).data).toMatchObject([
      { id: promotionCode, code: 'FALL20', promotion: { coupon: coupon.id }, times_redeemed: 0 },
    ]);
    const subscribing = { mode: 'subscription' as const, line_items: [{ price: price.id }] };

    const given = await open({ ...subscribing, discounts: [{ promotion_code: promotionCode }] });
    expect(given).toMatchObject({
      amount_subtotal: 9900,
      amount_total: 7920,
      total_details: { amount_discount: 1980 },
    });
    const typed = await open({ ...subscribing, allow_promotion_codes: true });
    expect(typed).toMatchObject({ amount_total: 9900, discounts: [] });
    const page = await fetch(typed.url!, {
      method: 'POST',
      body: new URLSearchParams({ promotion_code: 'NO <b>' }),
    });
    expect([page.status, await page.text()]).toEqual([
      400,
      expect.stringContaining('This code is invalid: NO &lt;b&gt;'),
    ]);
    const paid = await fetch(typed.url!, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ promotion_code: 'fall20' }),
    });
    expect(paid.status).toBe(303);
    emulator.completeCheckoutSession(given.id);

    for (const { id } of [given, typed]) {
      const session = await stripe.checkout.sessions.retrieve(id);
      expect(session).toMatchObject({
        amount_total: 7920,
        discounts: [{ coupon: null, promotion_code: promotionCode }],
      });
      const { latest_invoice: latest } = await stripe.subscriptions.retrieve(session.subscription as string);
      const invoice = await stripe.invoices.retrieve(latest as string, {
        expand: ['discounts', 'total_discount_amounts.discount'],
      });
      expect(invoice).toMatchObject({
        amount_paid: 7920,
        discounts: [{ object: 'discount', promotion_code: promotionCode, source: { coupon: coupon.id } }],
        total_discount_amounts: [{ amount: 1980, discount: { promotion_code: promotionCode } }],
      });
    }
    expect(await stripe.promotionCodes.retrieve(promotionCode)).toMatchObject({ times_redeemed: 2 });
    await stripe.promotionCodes.update(promotionCode, { active: false });
    await expect(
      stripe.subscriptions.create({
        customer: (await stripe.customers.create()).id,
        items: [{ price: price.id }],
        discounts: [{ promotion_code: promotionCode }],
      }),
    ).rejects.toThrow('not active');
  });
});
