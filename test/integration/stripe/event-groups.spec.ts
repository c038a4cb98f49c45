import type { Prisma } from '@prisma/client';
import { lockBalances } from '../../../src/commissions/ledger/balances.js';
import { CLAIM_SECONDS, type ClaimedEvent } from '../../../src/stripe/webhooks/claimed-events.js';
import { EventProcessor } from '../../../src/stripe/webhooks/event-processor.js';
import type { InboundEvent } from '../../../src/stripe/webhooks/webhook-verifier.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import type { PromotionCodeDto } from '../../../src/referrals/promotions/promotion-code.dto.js';
import { affiliateWithReferrals, hostStripe } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { eventOf, invoicePayment, paidInvoice, refundOf } from '../../setup/webhooks.js';

let api: TestApp;

beforeAll(async () => {
  // Nobody works on events but those tests: what failed is not tried again under their eyes.
  api = await startTestApp({ background: false });
});
afterEach(async () => expectSoundLedger(api));
afterAll(async () => api.close());

/** Stores events as the inbox does, claimed by nobody who is running. */
async function store(events: Record<string, unknown>[]): Promise<void> {
  await api.database.prisma.stripeEvent.createMany({
    data: events.map((event) => ({
      id: String(event['id']),
      type: String(event['type']),
      apiVersion: String(event['api_version']),
      livemode: false,
      payload: event as Prisma.InputJsonObject,
      status: 'pending',
      receivedAt: api.clock.now(),
      dueAt: IN_AN_HOUR,
    })),
  });
}

/** Stores events and has them processed as one group. */
async function processTogether(events: Record<string, unknown>[]): Promise<void> {
  await store(events);
  await api.app.get(EventProcessor).process(events.map(claimed));
}

const IN_AN_HOUR = new Date(Date.now() + 60 * 60 * 1000);

function claimed(event: Record<string, unknown>): ClaimedEvent {
  return {
    event: event as unknown as InboundEvent,
    receivedAt: api.clock.now(),
    bytes: 0,
    claimedAtMs: performance.now(),
  };
}

const statusOf = async (event: Record<string, unknown>): Promise<string | undefined> =>
  (await api.database.prisma.stripeEvent.findUnique({ where: { id: String(event['id']) } }))?.status;
const entriesOf = (event: Record<string, unknown>) =>
  api.database.prisma.journalEntry.findMany({
    where: { stripeEventId: String(event['id']) },
    select: { kind: true },
  });

/** By which transaction the event was marked as done. */
async function transactionOf(event: Record<string, unknown>): Promise<string | undefined> {
  const { rows } = await api.database.pool.query<{ xmin: string }>('SELECT xmin FROM stripe_events WHERE id = $1', [
    event['id'],
  ]);
  return rows[0]?.xmin;
}

describe('events that are taken in together', () => {
  it('earn for each of their customers, also twice for one, and are bound to the customer they name', async () => {
    await affiliateWithReferrals(api, 'Group', ['group-1', 'group-2']);
    const events = [
      eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'group-1', customer: 'cus_group_1' })),
      eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'group-2', customer: 'cus_group_2' })),
      eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'group-1', customer: 'cus_group_1' })),
      // Somebody else's customer, who names a user that is bound by the first one.
      eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'group-1', customer: 'cus_group_other' })),
    ];
    await processTogether(events);
    const referrals = await api.database.prisma.referral.findMany({
      include: { commissions: true },
      orderBy: { referredUserId: 'asc' },
    });
    expect(referrals).toMatchObject([
      { stripeCustomerId: 'cus_group_1', status: 'paid', commissions: [{}, {}] },
      { stripeCustomerId: 'cus_group_2', status: 'paid', commissions: [{}] },
    ]);
    for (const event of events) expect(await statusOf(event)).toBe('processed');
  });

  it('name each the event that made them, where refunds had come before', async () => {
    await affiliateWithReferrals(api, 'Refunded', ['refunded-1']);
    const customer = 'cus_refunded';
    const invoices = ['in_refunded_1', 'in_refunded_2'].map((id) =>
      paidInvoice(api, { id, userId: 'refunded-1', customer }),
    );
    await processTogether([
      ...invoices.map(({ id }) =>
        eventOf(
          api,
          'invoice_payment.paid',
          invoicePayment(api, { invoice: String(id), payment: `pi_${String(id)}`, amount: 9900 }),
        ),
      ),
    ]);
    await processTogether(
      invoices.map(({ id }) =>
        eventOf(api, 'refund.created', refundOf(api, { payment: `pi_${String(id)}`, amount: 4950 })),
      ),
    );
    const events = invoices.map((invoice) => eventOf(api, 'invoice.paid', invoice));
    await processTogether(events);
    for (const event of events) {
      expect(await entriesOf(event)).toEqual([{ kind: 'commission_earned' }, { kind: 'commission_reversed' }]);
    }
  });

  it('are of the user whose customer is bound, or whom the subscription named, where an invoice names nobody', async () => {
    await affiliateWithReferrals(api, 'Unnamed', ['unnamed-1', 'unnamed-2']);
    const [bound, known] = [
      { customer: 'cus_unnamed_1' },
      { customer: 'cus_unnamed_2', subscription: 'sub_unnamed_2' },
    ];
    await processTogether([eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'unnamed-1', ...bound }))]);
    await api.database.prisma.stripeSubscription.create({
      data: {
        id: known.subscription,
        customerId: known.customer,
        referredUserId: 'unnamed-2',
        status: 'active',
        mrrMinor: 9900n,
        currency: 'usd',
        seenAt: api.clock.now(),
      },
    });
    const events = [bound, known].map((facts) => eventOf(api, 'invoice.paid', paidInvoice(api, facts)));
    await processTogether(events);
    for (const event of events) expect(await entriesOf(event)).toEqual([{ kind: 'commission_earned' }]);
  });

  it('are worked on one by one where one of them cannot even be asked about', async () => {
    await affiliateWithReferrals(api, 'Asked', ['asked-1']);
    const good = eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'asked-1' }));
    const bad = eventOf(api, 'invoice.paid', { ...paidInvoice(api, {}), customer: { id: 42 } });
    await processTogether([bad, good]);
    expect([await statusOf(good), await statusOf(bad)]).toEqual(['processed', 'pending']);
    expect(await entriesOf(good)).toEqual([{ kind: 'commission_earned' }]);
  });

  it('do not fail with one among them that cannot be taken in', async () => {
    const users = Array.from({ length: 6 }, (_, n) => `beside-${n}`);
    await affiliateWithReferrals(api, 'Beside', users);
    const good = users.map((userId) => eventOf(api, 'invoice.paid', paidInvoice(api, { userId })));
    const total = 2 ** 64;
    const bad = eventOf(api, 'invoice.paid', { ...paidInvoice(api, { userId: 'beside-0', total }) });
    await processTogether([...good.slice(0, 3), bad, ...good.slice(3)]);
    for (const event of good) expect(await statusOf(event)).toBe('processed');
    expect(await api.database.prisma.stripeEvent.findUnique({ where: { id: String(bad['id']) } })).toMatchObject({
      status: 'pending',
      attempts: 1,
    });
    expect(await api.database.prisma.commission.count({ where: { referral: { referredUserId: { in: users } } } })).toBe(
      users.length,
    );
  });

  it.each<[string, (userId: string) => Promise<Record<string, unknown>>]>([
    ['paid invoices', (userId) => Promise.resolve(eventOf(api, 'invoice.paid', paidInvoice(api, { userId })))],
    ['refunds', refundOfPaid],
  ])('go on without those that need what somebody else keeps locked, as %s', async (kind, make) => {
    const [free, kept] = [`free-${kind}`, `kept-${kind}`];
    await affiliateWithReferrals(api, free, [free]);
    const { id: affiliateId } = await affiliateWithReferrals(api, kept, [kept]);
    await api.database.prisma.balance.createMany({ data: [{ affiliateId, currency: 'usd' }], skipDuplicates: true });
    // More than are worked on at once, and before the other one.
    const waiting = [await make(kept), await make(kept), await make(kept), await make(kept)];
    const other = await make(free);
    await api.database.transaction(async (tx) => {
      await lockBalances(tx, [{ affiliateId, currency: 'usd' }]);
      await processTogether([...waiting, other]);
    });
    expect(await statusOf(other)).toBe('processed');
    // Nothing is wrong with the others: it was no failed try, and their turn comes again soon.
    const ids = waiting.map(({ id }) => String(id));
    for (const event of await api.database.prisma.stripeEvent.findMany({ where: { id: { in: ids } } })) {
      expect(event).toMatchObject({ status: 'pending', attempts: 0 });
      expect(event.dueAt.getTime()).toBeLessThan(IN_AN_HOUR.getTime() - 30 * 60_000);
    }
    await api.app.get(EventProcessor).process(waiting.map(claimed));
    expect(await Promise.all(waiting.map(statusOf))).toEqual(waiting.map(() => 'processed'));
  });

  /** The refund of a part of an invoice that has earned. */
  async function refundOfPaid(userId: string): Promise<Record<string, unknown>> {
    const invoice = paidInvoice(api, { userId });
    const payment = `pi_of_${String(invoice['id'])}`;
    await processTogether([
      eventOf(api, 'invoice.paid', invoice),
      eventOf(
        api,
        'invoice_payment.paid',
        invoicePayment(api, { invoice: String(invoice['id']), payment, amount: 9900 }),
      ),
    ]);
    return eventOf(api, 'refund.created', refundOf(api, { payment, amount: 100 }));
  }

  it('are left to others once the claim on them has run out', async () => {
    await affiliateWithReferrals(api, 'Run out', ['run-out-1']);
    const event = eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'run-out-1' }));
    await store([event]);
    const { claimedAtMs, ...rest } = claimed(event);
    await api.app.get(EventProcessor).process([{ ...rest, claimedAtMs: claimedAtMs - CLAIM_SECONDS * 1000 }]);
    expect([await statusOf(event), await entriesOf(event)]).toEqual(['pending', []]);
    await api.app.get(EventProcessor).process([claimed(event)]);
    expect([await statusOf(event), await entriesOf(event)]).toEqual(['processed', [{ kind: 'commission_earned' }]]);
  });

  it('change nothing when they are processed a second time', async () => {
    await affiliateWithReferrals(api, 'Again', ['again-1']);
    const event = eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'again-1' }));
    await processTogether([event]);
    const entries = await api.database.prisma.journalEntry.count();
    await api.app.get(EventProcessor).process([claimed(event), claimed(event)]);
    await api.app.get(EventProcessor).replayBatch([String(event['id'])], null);
    // Nor where that fails: another process may have done meanwhile what fails here.
    const unreadable = { ...event, data: { object: { ...paidInvoice(api, { userId: 'again-1' }), total: null } } };
    await api.app.get(EventProcessor).process([claimed(unreadable)]);
    expect(await api.database.prisma.journalEntry.count()).toBe(entries);
    expect(await api.database.prisma.stripeEvent.findUnique({ where: { id: String(event['id']) } })).toMatchObject({
      status: 'processed',
      attempts: 0,
      lastError: null,
    });
  });

  it('are so where affiliates have promotion codes, too, but for a customer who is to be credited by one', async () => {
    const { id } = await affiliateWithReferrals(api, 'Codes', ['codes-1', 'codes-2']);
    const stripe = hostStripe(api);
    const coupon = await stripe.coupons.create({ percent_off: 20, duration: 'once' });
    await stripe.promotionCodes.create({ code: 'CODES20', promotion: { type: 'coupon', coupon: coupon.id } });
    const code = await api.request<PromotionCodeDto>('POST', `/v1/affiliates/${id}/promotion-codes`, {
      body: { promotionCode: 'CODES20' },
    });
    const redeemer = await stripe.customers.create({});
    await api.database.prisma.promotionRedemption.create({
      data: { customerId: redeemer.id, promotionCodeId: code.body.id, redeemedAt: api.clock.now() },
    });
    const events = ['codes-1', 'codes-2', 'codes-by-code'].map((userId) => {
      const customer = userId === 'codes-by-code' ? { customer: redeemer.id } : {};
      return eventOf(api, 'invoice.paid', paidInvoice(api, { userId, ...customer }));
    });
    await processTogether(events);
    for (const event of events) expect(await entriesOf(event)).toEqual([{ kind: 'commission_earned' }]);
    expect(await api.database.prisma.referral.findUnique({ where: { referredUserId: 'codes-by-code' } })).toMatchObject(
      {
        affiliateId: id,
        promotionCodeId: code.body.id,
      },
    );
    const transactions = await Promise.all(events.map(transactionOf));
    expect(transactions[1]).toBe(transactions[0]);
    expect(transactions[2]).not.toBe(transactions[0]);
  });
});
