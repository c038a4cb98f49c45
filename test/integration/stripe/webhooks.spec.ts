import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals, hostStripe } from '../../setup/host.js';
import { eventually } from '../../setup/eventually.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { deliver, eventOf, paidInvoice, subscriptionOf } from '../../setup/webhooks.js';
import { EventProcessor } from '../../../src/stripe/webhooks/event-processor.js';
import { ReferralLifecycle } from '../../../src/referrals/referral-lifecycle.js';
import type { ReferralDto } from '../../../src/referrals/referral.dto.js';

let api: TestApp;

beforeAll(async () => {
  api = await startTestApp();
});
afterEach(async () => expectSoundLedger(api));
afterAll(async () => api.close());

const earned = (referredUserId: string) =>
  api.database.prisma.commission.findMany({ where: { referral: { referredUserId } }, orderBy: { id: 'asc' } });
const referralOf = async (userId: string): Promise<ReferralDto> =>
  (await api.request<ReferralDto>('GET', `/v1/referrals/by-user/${userId}`)).body;

describe('a paid invoice', () => {
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

  it('earns when the referral is reported only afterwards, with the customer that alone says whose it is', async () => {
    const { code } = await affiliateWithReferrals(api, 'Late customer', []);
    const stripeCustomerId = 'cus_late_only';
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { customer: stripeCustomerId })));
    await api.settle();
    const body = { referredUserId: 'late-2', code, stripeCustomerId };
    expect(await api.request('POST', '/v1/referrals', { body })).toMatchObject({
      status: 201,
      body: { referral: { status: 'paid', stripeCustomerId, lifetimeEarned: 1980 } },
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

  it('earns whatever characters stand in it', async () => {
    await affiliateWithReferrals(api, 'Characters', ['characters-1']);
    const name = 'null \0, halves \ud83d and \ude00, whole \ud83d\ude00, and \\u0000 written out';
    const invoice = {
      ...paidInvoice(api, { userId: 'characters-1' }),
      customer_name: name,
      metadata: { [name]: name },
    };
    const event = eventOf(api, 'invoice.paid', invoice);
    expect((await deliver(api, event)).status).toBe(200);
    await api.settle();
    expect(await earned('characters-1')).toHaveLength(1);
    const stored = await api.database.prisma.stripeEvent.findUnique({ where: { id: String(event['id']) } });
    const storable = 'null \ufffd, halves \ufffd and \ufffd, whole \ud83d\ude00, and \\u0000 written out';
    expect(stored?.payload).toMatchObject({
      data: { object: { customer_name: storable, metadata: { [storable]: storable } } },
    });
  });

  it('earns whatever numbers stand in it that are nobody’s amount', async () => {
    await affiliateWithReferrals(api, 'Numbers', ['numbers-1', 'numbers-2']);
    const [odd, plain] = ['numbers-1', 'numbers-2'].map((userId) =>
      eventOf(api, 'invoice.paid', { ...paidInvoice(api, { userId }), metadata: { size: 'SIZE', depth: ['DEPTH'] } }),
    );
    const text = JSON.stringify(odd)
      .replace('"SIZE"', '1e200000')
      .replace('"DEPTH"', `-${'7'.repeat(140_000)}.5`);
    const answers = await Promise.all([deliver(api, text), deliver(api, plain), deliver(api, text)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    await api.settle();
    for (const userId of ['numbers-1', 'numbers-2']) expect(await earned(userId)).toHaveLength(1);
    const stored = await api.database.prisma.stripeEvent.findUnique({ where: { id: String(odd?.['id']) } });
    expect(stored?.payload).toMatchObject({ data: { object: { metadata: { size: '\ufffd', depth: ['\ufffd'] } } } });
  });

  // The first is beyond what PostgreSQL can store, the second only beyond what JavaScript can read.
  const unreadable = ['1e200000', '1e1000'];
  const amounts = ['amount_paid', 'amount_paid_off_stripe', 'total', 'total_excluding_tax', 'paid_at'];
  it.each(amounts.flatMap((field) => unreadable.map((number) => [field, number])))(
    'whose %s is %s is kept for an operator, and earns nothing',
    async (field, number) => {
      const userId = `unreadable-${field}-${number}`;
      await affiliateWithReferrals(api, `Unreadable ${field} ${number}`, [userId]);
      const event = eventOf(api, 'invoice.paid', {
        ...paidInvoice(api, { userId }),
        ...(field === 'paid_at' ? { status_transitions: { paid_at: 'NUMBER' } } : { [field]: 'NUMBER' }),
      });
      const text = JSON.stringify(event).replace('"NUMBER"', number);
      expect((await deliver(api, text)).status).toBe(200);
      const { stripeEvent } = api.database.prisma;
      const where = { id: String(event['id']) };
      await eventually(async () => expect((await stripeEvent.findUnique({ where }))?.attempts).toBeGreaterThan(0));
      // Nor can it be read as it was stored.
      const [replayed] = await api.app.get(EventProcessor).replayBatch([where.id], null);
      expect(replayed).toMatchObject({ after: 'pending', error: expect.stringMatching(/./) });
      expect(await earned(userId)).toEqual([]);
      // Nobody is to wait for it.
      await stripeEvent.delete({ where });
    },
  );

  it('is not held up by an event whose API version is none', async () => {
    await affiliateWithReferrals(api, 'Version', ['version-1', 'version-2']);
    const odd = eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'version-1' }), { api_version: 20261028 });
    const plain = eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'version-2' }));
    await Promise.all([deliver(api, odd), deliver(api, plain)]);
    await api.settle();
    expect([await earned('version-1'), await earned('version-2')]).toMatchObject([[], [{ part: 'stripe' }]]);
    const stored = await api.database.prisma.stripeEvent.findUnique({ where: { id: String(odd['id']) } });
    expect(stored).toMatchObject({ status: 'parked' });
  });

  it('converts its user on the day of the first one, whichever is told first', async () => {
    await affiliateWithReferrals(api, 'Convert', ['convert-1']);
    const days = [2, 1, 3].map((n) => new Date(api.clock.now().getTime() + n * 24 * 60 * 60 * 1000));
    for (const paidAt of days) {
      await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'convert-1', paidAt })));
      await api.settle();
    }
    expect(await referralOf('convert-1')).toMatchObject({ convertedAt: days[1]?.toISOString() });
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

describe('a subscription', () => {
  it('makes a trial, then a paying customer with its monthly revenue', async () => {
    await affiliateWithReferrals(api, 'Trial', ['trial-1']);
    await deliver(api, eventOf(api, 'customer.subscription.created', subscriptionOf(api, 'trial-1', 'trialing')));
    await api.settle();
    expect(await referralOf('trial-1')).toMatchObject({ status: 'trial', mrr: 5800, currency: 'usd' });
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'trial-1' })));
    await api.settle();
    expect(await referralOf('trial-1')).toMatchObject({ status: 'paid', mrr: 5800, lifetimeEarned: 1980 });
  });

  it('is as the later of two answers of Stripe says, whichever is stored last; and one that ended stays so', async () => {
    await affiliateWithReferrals(api, 'Answers', ['answers-1']);
    const askedAt = api.clock.now().getTime();
    const record = (status: string, mrrMinor: bigint, seconds: number) =>
      api.database.transaction((tx) =>
        api.app.get(ReferralLifecycle).recordSubscription(tx, {
          id: 'sub_answers',
          customerId: 'cus_answers',
          referredUserId: 'answers-1',
          status,
          mrrMinor,
          currency: 'usd',
          endedAt: null,
          seenAt: new Date(askedAt + seconds * 1000),
        }),
      );
    await record('active', 9900n, 2);
    await record('active', 5800n, 1);
    expect(await referralOf('answers-1')).toMatchObject({ status: 'trial', mrr: 9900 });
    await record('canceled', 0n, 3);
    await record('active', 9900n, 4);
    expect(await referralOf('answers-1')).toMatchObject({ mrr: 0 });
  });
});
