import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stripe } from 'stripe';
import { StripeEmulator } from '../../../src/stripe/emulator/index.js';
import {
  control,
  createActiveAccount,
  createCharge,
  createMonthlyPrice,
  createOpenInvoice,
  sdkFor,
  startHarness,
  WebhookSink,
  type Harness,
} from './emulator-harness.js';

describe('events of the Stripe emulator', () => {
  let harness: Harness;
  const failures: unknown[] = [];

  beforeEach(async () => {
    failures.length = 0;
    harness = await startHarness({ onError: (error) => failures.push(error) });
  });

  afterEach(() => harness.close());

  it('should list and page the platform events by type and time', async () => {
    const { clock, stripe } = harness;
    await createActiveAccount(harness);
    for (let index = 0; index < 12; index += 1) {
      await stripe.customers.create({ name: `Customer ${index}` });
      await stripe.products.create({ name: `Product ${index}` });
      clock.advanceMs(1000);
    }
    const customers = await stripe.events
      .list({ type: 'customer.created', limit: 5 })
      .autoPagingToArray({ limit: 100 });
    expect(customers.map((event) => (event.data.object as { name?: string }).name)).toEqual(
      Array.from({ length: 12 }, (_, index) => `Customer ${11 - index}`),
    );
    const both = await stripe.events.list({
      types: ['customer.created', 'product.created'],
      created: { gte: clock.seconds - 2 },
      limit: 100,
    });
    expect(both.data.map(({ type }) => type)).toEqual([
      'product.created',
      'customer.created',
      'product.created',
      'customer.created',
    ]);
    expect((await stripe.events.list({ types: ['account.updated'] })).data).toEqual([]);
    expect(await stripe.events.retrieve(customers[0]!.id)).toEqual(customers[0]);
    expect(customers[0]!.request).toMatchObject({ id: expect.stringMatching(/^req_/) as unknown });
  });

  it('should page back and forth, and within any bounds of time', async () => {
    const { clock, stripe } = harness;
    const start = clock.seconds;
    for (let index = 0; index < 6; index += 1) {
      await stripe.customers.create({ name: String(index) });
      clock.advanceMs(10_000);
    }
    const names = (page: { data: Stripe.Event[] }): string[] =>
      page.data.map((event) => (event.data.object as Stripe.Customer).name ?? '');
    const first = await stripe.events.list({ type: 'customer.*', limit: 2 });
    expect([names(first), first.has_more]).toEqual([['5', '4'], true]);
    const second = await stripe.events.list({ limit: 2, starting_after: first.data[1]!.id });
    expect(names(second)).toEqual(['3', '2']);
    const back = await stripe.events.list({ limit: 1, ending_before: second.data[1]!.id });
    expect([names(back), back.has_more]).toEqual([['3'], true]);
    expect(names(await stripe.events.list({ created: { gt: start + 10, lt: start + 40 } }))).toEqual(['3', '2']);
    expect(names(await stripe.events.list({ created: { gte: start + 10, lte: start + 20 } }))).toEqual(['2', '1']);
    expect(names(await stripe.events.list({ created: start + 50 }))).toEqual(['5']);
  });

  it('should show an event for 30 days and take at most 20 types, or one', async () => {
    const { clock, stripe } = harness;
    await stripe.customers.create({});
    const [event] = (await stripe.events.list()).data;
    const types = Array.from({ length: 21 }, (_, index) => `type.${index}`);
    await expect(stripe.events.list({ types })).rejects.toMatchObject({ param: 'types' });
    await expect(stripe.events.list({ type: 'customer.created', types: ['a'] })).rejects.toMatchObject({
      param: 'types',
    });
    clock.advanceMs(30 * 86_400_000 - 1000);
    expect((await stripe.events.list({ types: ['customer.created', ...types.slice(2)] })).data).toHaveLength(1);
    clock.advanceMs(1000);
    expect((await stripe.events.list()).data).toEqual([]);
    await expect(stripe.events.retrieve(event!.id)).rejects.toMatchObject({ statusCode: 404 });
  });

  it('should send a webhook again until it is accepted, and give up after five tries', async () => {
    const { emulator, sink, stripe } = harness;
    sink.answers = [500, 404];
    await stripe.customers.create({});
    await emulator.settle();
    expect(new Set(sink.events().map(({ id }) => id)).size).toBe(1);
    expect(sink.deliveries).toHaveLength(3);

    sink.deliveries.length = 0;
    sink.answers = [500, 500, 500, 500, 500];
    await stripe.customers.create({});
    await emulator.settle();
    expect([sink.deliveries.length, failures.length]).toEqual([5, 1]);
  });

  it('should part platform from Connect events where an endpoint asks for it', async () => {
    const { emulator, stripe } = harness;
    const [platform, connect] = [await WebhookSink.open(), await WebhookSink.open()];
    emulator.addWebhookEndpoint({ url: platform.url, secret: 'whsec_a', connect: false });
    await control(emulator, 'POST', 'webhook-endpoints', {
      url: connect.url,
      secret: 'whsec_b',
      connect: true,
    });
    const account = await createActiveAccount(harness);
    await stripe.customers.create({});
    await stripe.customers.create({}, { stripeAccount: account });
    await emulator.settle();
    expect(platform.types()).toEqual(['customer.created']);
    expect(connect.types()).toEqual([
      'account.updated',
      'capability.updated',
      'v2.core.account[configuration.recipient].capability_status_updated',
      'v2.core.account[requirements].updated',
      'customer.created',
    ]);
    expect((await stripe.customers.list()).data).toHaveLength(1);
    await Promise.all([platform.close(), connect.close()]);
  });

  it('should duplicate, drop and shuffle webhooks when told to', async () => {
    const { emulator, sink, stripe } = harness;
    emulator.faults.addForWebhooks({ kind: 'duplicate', types: ['invoice.paid'], times: 2 });
    emulator.faults.addForWebhooks({ kind: 'drop', types: ['invoice.created'], count: 1 });
    emulator.faults.addForWebhooks({ kind: 'reorder', seed: 7 });
    const customer = await stripe.customers.create({});
    const price = await createMonthlyPrice(stripe, 1000);
    await emulator.settle();
    sink.deliveries.length = 0;
    await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    await emulator.settle();
    const types = sink.types();
    expect(types.filter((type) => type === 'invoice.paid')).toHaveLength(3);
    expect(types).not.toContain('invoice.created');
    const stored = (await stripe.events.list({ limit: 9 })).data.map(({ type }) => type).reverse();
    expect(stored).toContain('invoice.created');
    expect(types.filter((type, index) => types.indexOf(type) === index)).not.toEqual(
      stored.filter((type) => type !== 'invoice.created'),
    );
  });
});

describe('the state file of the Stripe emulator', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stripe-emulator-'));
  const stateFile = join(folder, 'state.jsonl');

  afterAll(() => rmSync(folder, { recursive: true }));

  it('should bring back objects, balances, links and idempotency answers, and drop a torn last line', async () => {
    const harness = await startHarness({ stateFile, platformBalances: { usd: 1000 } });
    const destination = await createActiveAccount(harness);
    const parameters = { amount: 400, currency: 'usd', destination, transfer_group: 'payout-1' };
    const transfer = await harness.stripe.transfers.create(parameters, { idempotencyKey: 'payout-1:1' });
    await harness.close();
    const whole = readFileSync(stateFile, 'utf8');
    appendFileSync(stateFile, '[[null,"transfer","tr_torn",{"id":"tr_');

    const options = { now: harness.clock.now, stateFile, platformBalances: { usd: 1000 } };
    const restarted = await StripeEmulator.start(options);
    const stripe = sdkFor(restarted);
    expect(readFileSync(stateFile, 'utf8')).toBe(whole);
    expect((await stripe.transfers.list()).data).toEqual([transfer]);
    expect((await stripe.transfers.create(parameters, { idempotencyKey: 'payout-1:1' })).id).toBe(transfer.id);
    expect((await stripe.balance.retrieve()).available).toMatchObject([{ currency: 'usd', amount: 600 }]);
    await stripe.transfers.create(parameters, { idempotencyKey: 'payout-1:2' });
    await restarted.close();

    const third = await StripeEmulator.start(options);
    expect((await sdkFor(third).transfers.list()).data).toHaveLength(2);
    await third.close();
  });

  it('should bring back payments, and what was said of the next refund', async () => {
    const paymentsFile = join(folder, 'payments.jsonl');
    const first = await startHarness({ stateFile: paymentsFile });
    const { stripe, clock } = first;
    const customer = await stripe.customers.create({});
    const invoice = await stripe.invoices.pay((await createOpenInvoice(stripe, customer.id, 1000)).id);
    const note = await stripe.creditNotes.create({ invoice: invoice.id, amount: 300, refund_amount: 300 });
    const { id: charge } = await createCharge(stripe, 700);
    const dispute = first.emulator.openDispute(charge, { inquiry: true });
    const { id: session } = await stripe.checkout.sessions.create({
      mode: 'payment',
      success_url: 'https://app.example.com/done',
      line_items: [{ price_data: { currency: 'usd', unit_amount: 500, product_data: { name: 'Seat' } } }],
    });
    first.emulator.setNextRefundStatus('pending');
    await first.close();

    const emulator = await StripeEmulator.start({ now: clock.now, stateFile: paymentsFile });
    const again = sdkFor(emulator);
    expect(await again.creditNotes.retrieve(note.id)).toMatchObject({ refunds: note.refunds });
    expect(await again.refunds.retrieve(note.refunds[0]!.refund as string)).toMatchObject({ amount: 300 });
    expect((await again.invoicePayments.list({ invoice: invoice.id })).data).toMatchObject([{ status: 'paid' }]);
    expect(await again.refunds.create({ charge, amount: 100 })).toMatchObject({ status: 'pending' });
    expect(await again.refunds.create({ charge, amount: 100 })).toMatchObject({ status: 'succeeded' });
    expect(emulator.moveDispute(dispute.id, 'needs_response')).toMatchObject({ status: 'needs_response' });
    expect(emulator.completeCheckoutSession(session)).toMatchObject({ status: 'complete' });
    await emulator.close();
  });

  it('should refuse to start on a file whose middle is broken rather than forget money', async () => {
    writeFileSync(stateFile, 'nonsense\n[]\n');
    await expect(StripeEmulator.start({ now: () => new Date(0), stateFile })).rejects.toThrow();
  });

  it('should say who it is', async () => {
    const emulator = await StripeEmulator.start({ now: () => new Date(0) });
    expect(await control(emulator, 'GET', '')).toEqual({
      emulator: 'fairshare-stripe',
      pid: process.pid,
      url: emulator.url,
    });
    await emulator.close();
  });
});
