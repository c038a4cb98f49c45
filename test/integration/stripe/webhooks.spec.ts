import { startTestApp, WEBHOOK_SECRET, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { affiliateWithReferrals, hostStripe } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { deliver, eventOf, paidInvoice } from '../../setup/webhooks.js';
import type { ReferralDto } from '../../../src/referrals/referral.dto.js';

let api: TestApp;

beforeAll(async () => {
  api = await startTestApp();
});
afterEach(async () => expectSoundLedger(api));
afterAll(async () => api.close());

const statusOf = async (id: unknown): Promise<string | undefined> =>
  (await api.database.prisma.stripeEvent.findUnique({ where: { id: String(id) } }))?.status;
const earned = (referredUserId: string) =>
  api.database.prisma.commission.findMany({ where: { referral: { referredUserId } }, orderBy: { id: 'asc' } });
const referralOf = async (userId: string): Promise<ReferralDto> =>
  (await api.request<ReferralDto>('GET', `/v1/referrals/by-user/${userId}`)).body;

describe('what is no genuine event', () => {
  const minutes = (n: number): Date => new Date(api.clock.now().getTime() + n * 60_000);

  it.each<[string, () => unknown, () => { secret?: string; signedAt?: Date }, string]>([
    [
      'another secret',
      () => eventOf(api, 'invoice.paid', {}),
      () => ({ secret: 'whsec_other' }),
      'webhook_signature_invalid',
    ],
    [
      'a timestamp 301 s old',
      () => eventOf(api, 'invoice.paid', {}),
      () => ({ signedAt: minutes(-5.017) }),
      'webhook_timestamp_invalid',
    ],
    [
      'a timestamp 301 s ahead',
      () => eventOf(api, 'invoice.paid', {}),
      () => ({ signedAt: minutes(5.017) }),
      'webhook_timestamp_invalid',
    ],
    ['signed text that is no JSON', () => 'hello', () => ({}), 'webhook_not_an_event'],
    ['signed JSON that is no event', () => ({ object: 'invoice', id: 'in_1' }), () => ({}), 'webhook_not_an_event'],
    [
      'an event without an object in it',
      () => ({ object: 'event', id: 'evt_x', type: 'invoice.paid' }),
      () => ({}),
      'webhook_not_an_event',
    ],
  ])('%s is refused with 400 and leaves nothing', async (_title, event, signing, code) => {
    const before = await api.database.prisma.stripeEvent.count();
    const answer = await deliver(api, event(), signing());
    expect([answer.status, answer.body]).toMatchObject([400, { error: { code } }]);
    expect(await api.database.prisma.stripeEvent.count()).toBe(before);
  });

  it('a body without a signature, an empty one and a changed one are refused', async () => {
    const event = JSON.stringify(eventOf(api, 'invoice.paid', {}));
    expect((await api.request('POST', '/stripe/webhooks', { token: '', body: event })).status).toBe(400);
    expect((await deliver(api, '')).status).toBe(400);
    const changed = await api.request('POST', '/stripe/webhooks', {
      token: '',
      body: `${event} `,
      headers: { 'stripe-signature': `t=${Math.floor(api.clock.now().getTime() / 1000)},v1=${'0'.repeat(64)}` },
    });
    expect([changed.status, changed.body]).toMatchObject([400, { error: { code: 'webhook_signature_invalid' } }]);
  });

  it('a body over 1 MiB is refused with 413', async () => {
    expect((await deliver(api, 'x'.repeat(1024 * 1024 + 1))).status).toBe(413);
  });
});

describe('what is kept without effect', () => {
  it.each<[string, () => Record<string, unknown>]>([
    ['a type we do not know', () => eventOf(api, 'something.new', { id: 'x', object: 'something' })],
    [
      'an invoice of live mode',
      () => eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'kept' }), { livemode: true }),
    ],
    [
      'an invoice of a connected account, which its owner could have forged',
      () => eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'kept' }), { account: 'acct_evil' }),
    ],
    [
      'a thin event of a type we do not know',
      () => ({
        id: 'evt_thin',
        object: 'v2.core.event',
        type: 'v2.new',
        livemode: false,
        created: '2026-12-01T12:00:00Z',
      }),
    ],
  ])('%s', async (_title, build) => {
    await affiliateWithReferrals(api, `Kept ${_title}`, []);
    const event = build();
    expect(await deliver(api, event)).toMatchObject({ status: 200, body: { received: true } });
    expect(await statusOf(event['id'])).toBe('ignored');
    expect(await api.database.prisma.stripeInvoice.count({ where: { referredUserId: 'kept' } })).toBe(0);
  });

  it('an event of another API version whose object Stripe does not show us is parked', async () => {
    const event = eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'old-version' }), {
      api_version: '2019-05-16',
    });
    await deliver(api, event);
    await api.settle();
    expect(await statusOf(event['id'])).toBe('parked');
  });
});

describe('a paid invoice', () => {
  it('earns once, however often and in how many events it is told', async () => {
    await affiliateWithReferrals(api, 'Dora', ['dora-1']);
    const invoice = paidInvoice(api, { userId: 'dora-1', total: 9900, totalExcludingTax: 8319 });
    const event = eventOf(api, 'invoice.paid', invoice);
    const answers = await Promise.all(Array.from({ length: 50 }, () => deliver(api, event)));
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    await deliver(api, eventOf(api, 'invoice.paid', invoice));
    await api.settle();
    expect(await earned('dora-1')).toMatchObject([{ amountMinor: 1663n, baseMinor: 8319n }]);
  });

  it('earns when the referral is reported only afterwards', async () => {
    const { code } = await affiliateWithReferrals(api, 'Late', []);
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'late-1', customer: 'cus_late' })));
    await api.settle();
    const answer = await api.request('POST', '/v1/referrals', { body: { referredUserId: 'late-1', code } });
    expect(answer).toMatchObject({
      status: 201,
      body: { referral: { status: 'paid', stripeCustomerId: 'cus_late', lifetimeEarned: 1980 } },
    });
  });

  it('earns when invoice and referral arrive at the same moment, whichever is first', async () => {
    const { code } = await affiliateWithReferrals(api, 'Race', []);
    const users = Array.from({ length: 20 }, (_, i) => `race-${i}`);
    await Promise.all(
      users.flatMap((userId) => [
        deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId }))),
        api.request('POST', '/v1/referrals', { body: { referredUserId: userId, code } }),
      ]),
    );
    await api.settle();
    for (const userId of users) expect(await earned(userId)).toHaveLength(1);
  });

  it('of long before the signup earns nothing', async () => {
    const { code } = await affiliateWithReferrals(api, 'Before', []);
    const paidAt = new Date(api.clock.now().getTime() - 24 * 60 * 60 * 1000);
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'before-1', paidAt })));
    await api.settle();
    await api.request('POST', '/v1/referrals', { body: { referredUserId: 'before-1', code } });
    expect(await earned('before-1')).toEqual([]);
  });

  it.each<[string, Partial<Parameters<typeof paidInvoice>[1]>]>([
    ['of zero, as a trial gives', { total: 0 }],
    ['below zero, as a credit gives', { total: -500, amountPaid: 0 }],
    ['paid wholly by credit', { total: 9900, amountPaid: 0 }],
  ])('%s earns nothing and converts nobody', async (title, facts) => {
    const userId = `nothing-${title}`;
    await affiliateWithReferrals(api, `Nothing ${title}`, [userId]);
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId, ...facts })));
    await api.settle();
    expect(await earned(userId)).toEqual([]);
    expect(await referralOf(userId)).toMatchObject({ status: 'trial', convertedAt: null });
  });

  it('paid outside of Stripe earns nothing by itself', async () => {
    await affiliateWithReferrals(api, 'Outside', ['outside-1']);
    const invoice = { ...paidInvoice(api, { userId: 'outside-1' }), amount_paid_off_stripe: 9900 };
    await deliver(api, eventOf(api, 'invoice.paid', invoice));
    await api.settle();
    expect(await earned('outside-1')).toEqual([]);
  });

  it('of a customer that names a user who is bound to another customer earns nothing for that user', async () => {
    await affiliateWithReferrals(api, 'Bound', ['bound-1']);
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'bound-1', customer: 'cus_true' })));
    await api.settle();
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'bound-1', customer: 'cus_other' })));
    await deliver(
      api,
      eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'somebody-else', customer: 'cus_true' })),
    );
    await api.settle();
    expect(await earned('bound-1')).toHaveLength(2);
  });

  it('keeps currencies apart and moves in their steps', async () => {
    const { id } = await affiliateWithReferrals(api, 'Mixed', ['mixed-1']);
    for (const [currency, total] of [
      ['jpy', 1999],
      ['kwd', 12_345],
      ['eur', 9900],
    ] as const) {
      await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'mixed-1', currency, total })));
    }
    await api.settle();
    const { body } = await api.request<{ balances: { currency: string; payable: number }[] }>(
      'GET',
      `/v1/affiliates/${id}/balance`,
    );
    expect(body.balances.map(({ currency, payable }) => [currency, payable])).toEqual([
      ['eur', 1980],
      ['jpy', 399],
      ['kwd', 2460],
    ]);
  });

  it("takes the affiliate's own rate of its day and leaves earlier amounts alone", async () => {
    const { id } = await affiliateWithReferrals(api, 'Rates', ['rates-1']);
    const pay = async () => {
      await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'rates-1', total: 10_000 })));
      await api.settle();
    };
    await pay();
    api.clock.advance(60_000);
    await api.request('PATCH', `/v1/affiliates/${id}`, { body: { commissionRateBps: 3000 } });
    await pay();
    api.clock.advance(60_000);
    await api.request('PATCH', `/v1/affiliates/${id}`, { body: { commissionRateBps: null } });
    api.clock.advance(1000);
    await pay();
    expect((await earned('rates-1')).map(({ amountMinor, rateSource }) => [amountMinor, rateSource])).toEqual([
      [2000n, 'plan'],
      [3000n, 'affiliate'],
      [2000n, 'plan'],
    ]);
  });

  it('is known by the metadata of its subscription or customer when it names nobody itself', async () => {
    await affiliateWithReferrals(api, 'Metadata', ['meta-1']);
    const customer = await hostStripe(api).customers.create({ metadata: { userId: 'meta-1' } });
    const invoice = { ...paidInvoice(api, { customer: customer.id }), parent: null };
    await deliver(api, eventOf(api, 'invoice.paid', invoice));
    await api.settle();
    expect(await earned('meta-1')).toHaveLength(1);
    expect(await referralOf('meta-1')).toMatchObject({ stripeCustomerId: customer.id });
  });
});

describe('the order of events', () => {
  const subscription = (userId: string, status: string) => ({
    id: `sub_${userId}`,
    object: 'subscription',
    status,
    customer: `cus_${userId}`,
    currency: 'usd',
    metadata: { userId },
    ended_at: status === 'canceled' ? Math.floor(api.clock.now().getTime() / 1000) : null,
    items: {
      data: [
        {
          quantity: 2,
          price: {
            unit_amount: 2900,
            unit_amount_decimal: '2900',
            recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
          },
        },
      ],
    },
  });

  it('does not matter: a cancellation that overtakes the invoice leaves it earning', async () => {
    await affiliateWithReferrals(api, 'Order', ['order-1']);
    await deliver(api, eventOf(api, 'customer.subscription.deleted', subscription('order-1', 'canceled')));
    await api.settle();
    await deliver(api, eventOf(api, 'customer.subscription.created', subscription('order-1', 'active')));
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'order-1' })));
    await api.settle();
    expect(await earned('order-1')).toHaveLength(1);
    expect(await referralOf('order-1')).toMatchObject({ status: 'churned', mrr: 0, lifetimeEarned: 1980 });
  });

  it('makes a trial, then a paying customer with its monthly revenue', async () => {
    await affiliateWithReferrals(api, 'Trial', ['trial-1']);
    await deliver(api, eventOf(api, 'customer.subscription.created', subscription('trial-1', 'trialing')));
    await api.settle();
    expect(await referralOf('trial-1')).toMatchObject({ status: 'trial', mrr: 5800, currency: 'usd' });
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'trial-1' })));
    await api.settle();
    expect(await referralOf('trial-1')).toMatchObject({ status: 'paid', mrr: 5800, lifetimeEarned: 1980 });
  });
});

describe('an event that cannot be worked on', () => {
  it('is kept with its error and tried again, while the others go on', async () => {
    await affiliateWithReferrals(api, 'Poison', ['poison-1']);
    const poison = eventOf(api, 'invoice.paid', {
      ...paidInvoice(api, { userId: 'poison-1' }),
      amount_paid: 'not a number',
    });
    await deliver(api, poison);
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'poison-1' })));
    await api.stripe.settle();
    await eventually(async () => {
      expect(await earned('poison-1')).toHaveLength(1);
      const stored = await api.database.prisma.stripeEvent.findUniqueOrThrow({ where: { id: String(poison['id']) } });
      expect(stored).toMatchObject({ status: 'pending', attempts: 1 });
      expect(stored.lastError).toContain('SyntaxError');
    });
    await api.database.prisma.stripeEvent.update({ where: { id: String(poison['id']) }, data: { status: 'failed' } });
  });
});

describe('rotating the secret', () => {
  it('verifies with the old and the new one', async () => {
    const rotating = await startTestApp({ webhookSecrets: ['whsec_new', WEBHOOK_SECRET] });
    const event = (type: string) => eventOf(rotating, type, { id: 'x' });
    expect((await deliver(rotating, event('some.thing'), { secret: 'whsec_new' })).status).toBe(200);
    expect((await deliver(rotating, event('some.thing'), { secret: WEBHOOK_SECRET })).status).toBe(200);
    expect((await deliver(rotating, event('some.thing'), { secret: 'whsec_older' })).status).toBe(400);
    await rotating.close();
  });
});
