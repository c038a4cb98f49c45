import type Stripe from 'stripe';
import type { AffiliateDto } from '../../src/affiliates/affiliate.dto.js';
import type { AttributionDto, DecisionDto, DecisionPageDto } from '../../src/referrals/attribution/attribution.dto.js';
import type { PromotionCodeDto } from '../../src/referrals/promotions/promotion-code.dto.js';
import { lockReferralSubjects } from '../../src/referrals/referral-locks.js';
import type { ReferralDto } from '../../src/referrals/referral.dto.js';
import { EventProcessor } from '../../src/stripe/webhooks/event-processor.js';
import { RedemptionScheduler } from '../../src/stripe/webhooks/redemption-scheduler.js';
import { startTestApp, type TestApp } from '../setup/app.js';
import { affiliateWithReferrals, hostStripe } from '../setup/host.js';
import { overlap } from '../setup/overlap.js';
import { balancesOf, commissionsOf, expectEveryCentExplained } from '../setup/sales.js';

const HOUR_MS = 60 * 60 * 1000;

let api: TestApp;
let stripe: Stripe;
let jane: AffiliateDto;
let john: AffiliateDto;
let coupon: Stripe.Coupon;
let price: Stripe.Price;

/** 3 November 2026: Jane tells JANE20 in her videos, which takes 20 % off the first month of 99.00; John has a link. */
async function begin(env: Record<string, string> = {}): Promise<void> {
  api = await startTestApp({ env, now: '2026-11-03T09:00:00Z' });
  stripe = hostStripe(api);
  jane = await affiliateWithReferrals(api, 'Jane', []);
  john = await affiliateWithReferrals(api, 'John', []);
  coupon = await stripe.coupons.create({ percent_off: 20, duration: 'once' });
  await stripe.promotionCodes.create({ code: 'JANE20', promotion: { type: 'coupon', coupon: coupon.id } });
  price = await stripe.prices.create({
    product_data: { name: 'Pro' },
    currency: 'usd',
    unit_amount: 9900,
    recurring: { interval: 'month' },
  });
  await give(jane, 'jane20');
}
afterEach(async () => {
  await expectEveryCentExplained(api);
  await api.close();
});

async function give({ id }: AffiliateDto, promotionCode: string): Promise<PromotionCodeDto> {
  const { status, body } = await api.request<PromotionCodeDto>('POST', `/v1/affiliates/${id}/promotion-codes`, {
    body: { promotionCode },
  });
  expect(status).toBe(201);
  return body;
}

/** A customer subscribes with JANE20; `userId` where the host says in Stripe's metadata who that is. */
async function buy({ userId, email }: { userId?: string; email?: string } = {}): Promise<string> {
  const metadata: Record<string, string> = userId === undefined ? {} : { userId };
  const { id } = await stripe.customers.create({ metadata, email });
  await subscribeWithCode(id);
  return id;
}

async function subscribeWithCode(customer: string): Promise<void> {
  const [promotionCode] = (await stripe.promotionCodes.list({ code: 'JANE20' })).data;
  await stripe.subscriptions.create({
    customer,
    items: [{ price: price.id }],
    discounts: [{ promotion_code: promotionCode!.id }],
  });
  await api.settle();
}

const report = async (body: Record<string, unknown>): Promise<{ status: number; body: AttributionDto }> =>
  api.request<AttributionDto>('POST', '/v1/referrals', { body });

/** A visit by John's link, as the host reports it with the signup. */
async function clickOnJohn(): Promise<string> {
  const { body } = await api.request<{ clickId: string }>('POST', '/v1/clicks', { body: { code: john.code } });
  return body.clickId;
}

async function referralOf(userId: string): Promise<ReferralDto | null> {
  const { status, body } = await api.request<ReferralDto>('GET', `/v1/referrals/by-user/${userId}`);
  return status === 404 ? null : body;
}

/** What was decided about the user, newest first. */
async function decisionsOn(userId: string): Promise<DecisionDto[]> {
  return (await api.request<DecisionPageDto>('GET', `/v1/attribution-decisions?referredUserId=${userId}`)).body.data;
}

const precedenceIn = ({ rules }: DecisionDto): string | undefined =>
  rules.find(({ rule }) => rule === 'attribution_precedence')?.sentence;

const earned = async ({ id }: AffiliateDto): Promise<number> => (await balancesOf(api, id))[0]?.lifetimeEarned ?? 0;

describe('a customer who came by no link', () => {
  it('types an affiliate’s code in at the checkout: 20 % of 79.20 are earned, 19.80 with the next month', async () => {
    await begin();
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [{ price: price.id }],
      allow_promotion_codes: true,
      client_reference_id: 'usr_mary',
      success_url: 'https://app.example.com/welcome',
    });
    api.clock.set('2026-11-03T09:30:00Z');
    api.stripe.completeCheckoutSession(session.id, { promotionCode: 'Jane20', email: 'mary@example.org' });
    await api.settle();
    expect(await referralOf('usr_mary')).toMatchObject({
      affiliateId: jane.id,
      status: 'paid',
      clickId: null,
      mrr: 9900,
      lifetimeEarned: 1584,
    });
    expect(await commissionsOf(api, jane.id)).toMatchObject([
      { amount: 1584, explanation: { base: 7920, rateBps: 2000 } },
    ]);
    const [decision, ...others] = await decisionsOn('usr_mary');
    expect(others).toEqual([]);
    expect(decision).toMatchObject({
      attributed: true,
      affiliateId: jane.id,
      occurredAt: '2026-11-03T09:30:00.000Z',
      summary: expect.stringContaining('by the promotion code JANE20') as string,
      inputs: { clickId: null, code: null, email: 'm***@e***.org' },
    });
    expect(decision && precedenceIn(decision)).toBe(
      `The promotion code JANE20 of ${jane.id} decides: no link was reported.`,
    );

    api.clock.set('2026-12-03T10:00:00Z');
    await api.stripe.renewDueSubscriptions();
    await api.settle();
    expect(await earned(jane)).toBe(1584 + 1980);
    // Everything that Stripe told is told once more: nothing changes.
    const ids = (await api.database.prisma.stripeEvent.findMany({ orderBy: { id: 'desc' } })).map(({ id }) => id);
    await api.app.get(EventProcessor).replayBatch(ids, null);
    expect([await earned(jane), await api.database.prisma.referral.count()]).toEqual([1584 + 1980, 1]);
  });

  it('is known to nobody at first: the code waits for the signup, then what was paid since its first use earns', async () => {
    await begin();
    const stripeCustomerId = await buy();
    api.clock.set('2026-11-05T09:00:00Z');
    await subscribeWithCode(stripeCustomerId);
    expect(await api.database.prisma.referral.count()).toBe(0);
    expect((await report({ referredUserId: 'usr_late' })).status).toBe(400);
    api.clock.set('2026-11-20T12:00:00Z');
    const { status, body } = await report({ referredUserId: 'usr_late', stripeCustomerId });
    expect([status, body.referral]).toEqual([201, expect.objectContaining({ affiliateId: jane.id, stripeCustomerId })]);
    expect(await earned(jane)).toBe(2 * 1584);
    // The host may say it again, without a key.
    expect(await report({ referredUserId: 'usr_late', stripeCustomerId })).toMatchObject({
      status: 200,
      body: { attributed: true, referral: { affiliateId: jane.id } },
    });
    expect(await decisionsOn('usr_late')).toHaveLength(1);
  });

  it('is told to Stripe later: what names the user credits the code', async () => {
    await begin();
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription',
      customer: await buy(),
      line_items: [{ price: price.id }],
      client_reference_id: 'usr_second',
      success_url: 'https://app.example.com/welcome',
    });
    expect(await referralOf('usr_second')).toBeNull();
    api.clock.set('2026-11-03T20:00:00Z');
    api.stripe.completeCheckoutSession(session.id);
    await api.settle();
    expect(await referralOf('usr_second')).toMatchObject({ affiliateId: jane.id });
    // 15.84 of the day the code was used, 19.80 of the second subscription.
    expect(await earned(jane)).toBe(1584 + 1980);
  });

  it.each([
    ['is the affiliate, by user id', { userId: 'user-Jane' }, 'self_referral'],
    ['is the affiliate, by the e-mail at Stripe', { userId: 'usr_other', email: 'ja.ne+x@gmail.com' }, 'self_referral'],
  ])('%s: refused by %s', async (_title, customer, reason) => {
    await begin();
    await api.request('PATCH', `/v1/affiliates/${jane.id}`, { body: { email: 'jane@gmail.com' } });
    await buy(customer);
    expect(await referralOf(customer.userId)).toBeNull();
    expect(await decisionsOn(customer.userId)).toMatchObject([{ attributed: false, reason, affiliateId: jane.id }]);
    expect(await earned(jane)).toBe(0);
  });

  it('is another’s by the host’s word, whatever Stripe’s metadata says: the code credits nobody, and no event fails', async () => {
    await begin();
    const customer = await stripe.customers.create({ metadata: { userId: 'usr_named' } });
    await report({ referredUserId: 'usr_bound', code: john.code, stripeCustomerId: customer.id });
    await subscribeWithCode(customer.id);
    expect(await referralOf('usr_named')).toBeNull();
    expect(await referralOf('usr_bound')).toMatchObject({ affiliateId: john.id, stripeCustomerId: customer.id });
    expect([await earned(john), await earned(jane)]).toEqual([1584, 0]);
    const { promotionRedemption, stripeEvent } = api.database.prisma;
    expect(await promotionRedemption.findMany()).toMatchObject([{ decidedAt: api.clock.now(), decisionId: null }]);
    expect(await stripeEvent.count({ where: { lastError: { not: null } } })).toBe(0);
  });

  it('uses the code of somebody who is suspended, one that was taken away, and one before it was theirs', async () => {
    await begin();
    const [code] = (await api.request<{ data: PromotionCodeDto[] }>('GET', `/v1/affiliates/${jane.id}/promotion-codes`))
      .body.data;
    await api.request('PATCH', `/v1/affiliates/${jane.id}`, { body: { status: 'suspended' } });
    await buy({ userId: 'usr_suspended' });
    expect(await decisionsOn('usr_suspended')).toMatchObject([{ reason: 'affiliate_inactive' }]);
    await api.request('PATCH', `/v1/affiliates/${jane.id}`, { body: { status: 'active' } });

    api.clock.advance(HOUR_MS);
    // That is decided: whoever is reported later is not judged by the code once more.
    const { body: linked } = await report({ referredUserId: 'usr_suspended', code: john.code });
    expect(linked.referral?.affiliateId).toBe(john.id);
    const path = `/v1/affiliates/${jane.id}/promotion-codes/${code!.id}`;
    expect((await api.request('DELETE', path.replace(jane.id, john.id))).status).toBe(404);
    expect((await api.request('DELETE', path)).status).toBe(204);
    expect((await api.request('DELETE', path)).status).toBe(404);
    api.clock.advance(HOUR_MS);
    await buy({ userId: 'usr_after' });
    expect(await decisionsOn('usr_after')).toEqual([]);

    api.clock.advance(HOUR_MS);
    await give(john, code!.stripePromotionCodeId);
    await buy({ userId: 'usr_johns' });
    expect(await referralOf('usr_johns')).toMatchObject({ affiliateId: john.id });
    // What was used while nobody had it stays nobody's, however often Stripe tells of it.
    api.clock.set('2026-12-03T15:00:00Z');
    await api.stripe.renewDueSubscriptions();
    await api.settle();
    expect(await referralOf('usr_after')).toBeNull();
    expect([await earned(jane), await earned(john)]).toEqual([0, 1980 + 1584 + 1980]);
  });
});

describe('code against link', () => {
  it.each([
    ['promotion_code', 'Jane', 'The promotion code JANE20 of JANE decides over the click of JOHN'],
    ['link', 'John', 'The click of JOHN decides over the promotion code JANE20 of JANE'],
  ])('both known at the signup, ATTRIBUTION_PRECEDENCE=%s: %s', async (precedence, winner, sentence) => {
    await begin({ ATTRIBUTION_PRECEDENCE: precedence });
    const clickId = await clickOnJohn();
    const stripeCustomerId = await buy();
    api.clock.advance(HOUR_MS);
    const occurredAt = '2026-11-03T09:00:00Z';
    const { status, body } = await report({ referredUserId: 'usr_both', clickId, stripeCustomerId, occurredAt });
    const [first, second] = winner === 'Jane' ? [jane, john] : [john, jane];
    expect([status, body.referral?.affiliateId]).toEqual([201, first.id]);
    expect([await earned(first), await earned(second)]).toEqual([1584, 0]);
    const [decision] = await decisionsOn('usr_both');
    expect(decision && precedenceIn(decision)).toBe(
      `${sentence
        .replace('JANE de', `${jane.id} de`)
        .replace('JOHN', john.id)
        .replace(/of JANE$/, `of ${jane.id}`)}, since ATTRIBUTION_PRECEDENCE is ${precedence}.`,
    );
    // The code that lost is no second referral later.
    api.clock.advance(48 * HOUR_MS);
    await api.app.get(RedemptionScheduler).tick();
    expect(await api.database.prisma.referral.count()).toBe(1);
    expect(await decisionsOn('usr_both')).toHaveLength(1);
  });

  it('the code is redeemed first, and comes first: a link that is reported later changes nothing', async () => {
    await begin();
    const clickId = await clickOnJohn();
    await buy({ userId: 'usr_coded' });
    expect(await referralOf('usr_coded')).toMatchObject({ affiliateId: jane.id });
    expect((await report({ referredUserId: 'usr_coded', clickId })).body).toMatchObject({
      attributed: false,
      reason: 'already_referred',
    });
    expect([await earned(jane), await earned(john)]).toEqual([1584, 0]);
  });

  it('the code is redeemed first, but the link comes first: it is waited for, and gets what was paid meanwhile', async () => {
    await begin({ ATTRIBUTION_PRECEDENCE: 'link' });
    const clickId = await clickOnJohn();
    await buy({ userId: 'usr_linked' });
    expect(await referralOf('usr_linked')).toBeNull();
    api.clock.advance(23 * HOUR_MS);
    await api.app.get(RedemptionScheduler).tick();
    const { body } = await report({ referredUserId: 'usr_linked', clickId, occurredAt: '2026-11-03T09:00:00Z' });
    expect(body.referral?.affiliateId).toBe(john.id);
    expect([await earned(jane), await earned(john)]).toEqual([0, 1584]);
  });

  it('the link is reported while something of the customer is being decided: it waits, so that no payment is missed', async () => {
    await begin({ ATTRIBUTION_PRECEDENCE: 'link' });
    const stripeCustomerId = await buy({ userId: 'usr_busy' });
    const { body } = await overlap(
      api,
      (tx) => lockReferralSubjects(tx, { stripeCustomerId }),
      () => report({ referredUserId: 'usr_busy', code: john.code }),
    );
    expect(body.referral?.affiliateId).toBe(john.id);
  });

  it('the code waits for a link, and the customer is bound to another user meanwhile: the money is that one’s', async () => {
    await begin({ ATTRIBUTION_PRECEDENCE: 'link' });
    const stripeCustomerId = await buy({ userId: 'usr_named' });
    const { body } = await report({ referredUserId: 'usr_bound', code: john.code });
    const bound = await api.request('PATCH', `/v1/referrals/${body.referral?.id}`, { body: { stripeCustomerId } });
    expect(bound.status).toBe(200);
    // Who is named is judged by what they bring along, a link or the code; either way without that customer.
    expect((await report({ referredUserId: 'usr_named', code: 'NOBODY' })).status).toBeLessThan(300);
    expect((await referralOf('usr_named'))?.stripeCustomerId ?? null).toBeNull();
    expect(await referralOf('usr_bound')).toMatchObject({ affiliateId: john.id, stripeCustomerId });
    expect([await earned(john), await earned(jane)]).toEqual([1584, 0]);
  });

  it('the link comes first, but nobody reports one within a day: the code is credited', async () => {
    await begin({ ATTRIBUTION_PRECEDENCE: 'link' });
    await buy({ userId: 'usr_alone', email: 'alone@example.org' });
    api.clock.advance(23 * HOUR_MS);
    await api.app.get(RedemptionScheduler).tick();
    expect(await referralOf('usr_alone')).toBeNull();
    api.clock.advance(2 * HOUR_MS);
    await api.app.get(RedemptionScheduler).tick();
    await api.app.get(RedemptionScheduler).tick();
    expect(await referralOf('usr_alone')).toMatchObject({ affiliateId: jane.id, lifetimeEarned: 1584 });
    expect(await decisionsOn('usr_alone')).toMatchObject([{ inputs: { email: 'a***@e***.org' } }]);
  });

  it.each(['promotion_code', 'link'])(
    'the link is reported first: a referral is never moved, ATTRIBUTION_PRECEDENCE=%s',
    async (precedence) => {
      await begin({ ATTRIBUTION_PRECEDENCE: precedence });
      const clickId = await clickOnJohn();
      expect((await report({ referredUserId: 'usr_john', clickId })).status).toBe(201);
      await buy({ userId: 'usr_john' });
      api.clock.advance(25 * HOUR_MS);
      await api.app.get(RedemptionScheduler).tick();
      expect(await referralOf('usr_john')).toMatchObject({ affiliateId: john.id });
      expect([await earned(jane), await earned(john)]).toEqual([0, 1584]);
      // Jane can be told why.
      expect((await decisionsOn('usr_john')).map(({ reason, affiliateId }) => [reason, affiliateId])).toEqual([
        ['already_referred', jane.id],
        [null, john.id],
      ]);
    },
  );

  it.each(['promotion_code', 'link'])(
    'the invoice and the report of the signup arrive at once, many times: one referral each, ATTRIBUTION_PRECEDENCE=%s',
    async (precedence) => {
      await begin({ ATTRIBUTION_PRECEDENCE: precedence });
      const users = Array.from({ length: 12 }, (_, index) => `usr_rush_${index}`);
      const clickIds = await Promise.all(users.map(() => clickOnJohn()));
      const occurredAt = '2026-11-03T09:00:00Z';
      const [answers] = await Promise.all([
        Promise.all(
          users.map(async (referredUserId, index) => {
            // Each a little later than the one before, so that some come before, some amid and some after the events.
            for (let turn = 0; turn < index; turn++) await api.request('GET', '/health/live', { token: '' });
            return report({ referredUserId, clickId: clickIds[index], occurredAt });
          }),
        ),
        ...users.map((userId) => buy({ userId })),
      ]);
      await api.settle();
      api.clock.advance(25 * HOUR_MS);
      await api.app.get(RedemptionScheduler).tick();
      const referrals = await api.database.prisma.referral.findMany();
      expect(referrals.map(({ referredUserId }) => referredUserId).sort()).toEqual([...users].sort());
      const ofJohn = referrals.filter(({ affiliateId }) => affiliateId === john.id).length;
      expect(answers.filter(({ body }) => body.attributed)).toHaveLength(ofJohn);
      if (precedence === 'link') expect(ofJohn).toBe(users.length);
      expect([await earned(john), await earned(jane)]).toEqual([ofJohn * 1584, (users.length - ofJohn) * 1584]);
      expect(await api.database.prisma.promotionRedemption.count({ where: { decidedAt: null } })).toBe(0);
    },
  );
});

describe('whose a code is', () => {
  it('is one affiliate’s, by id or letters, whoever asks at once; unknown and inactive ones are nobody’s', async () => {
    await begin();
    const add = (affiliateId: string, promotionCode: unknown) =>
      api.request<{ error: { code: string; details: object } }>(
        'POST',
        `/v1/affiliates/${affiliateId}/promotion-codes`,
        {
          body: { promotionCode },
        },
      );
    const promotion = { type: 'coupon' as const, coupon: coupon.id };
    const rush = await stripe.promotionCodes.create({ code: 'RUSH', promotion });
    const both = await Promise.all([add(jane.id, rush.id), add(john.id, 'rush'), add(john.id, rush.id)]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const owner = both.find(({ status }) => status === 201)!.body as unknown as PromotionCodeDto;
    expect(owner).toMatchObject({ code: 'RUSH', stripePromotionCodeId: rush.id });
    const taken = both.find(({ status }) => status === 409)!.body.error;
    expect(taken).toMatchObject({ code: 'promotion_code_taken', details: { affiliateId: owner.affiliateId } });

    const twice: string[] = [];
    for (let count = 0; count < 2; count++) {
      const { id: customer } = await stripe.customers.create();
      twice.push((await stripe.promotionCodes.create({ code: 'TWICE', promotion, customer })).id);
    }
    const old = await stripe.promotionCodes.create({ code: 'OLD', promotion, active: false });
    for (const [affiliateId, named, status, code] of [
      [jane.id, 'NEVER', 422, 'promotion_code_unknown'],
      [jane.id, 'promo_never', 422, 'promotion_code_unknown'],
      [jane.id, old.id, 422, 'promotion_code_unknown'],
      [jane.id, 'OLD', 422, 'promotion_code_unknown'],
      [jane.id, 'twice', 422, 'promotion_code_ambiguous'],
      ['aff_none', 'RUSH', 404, 'affiliate_not_found'],
      [jane.id, '', 400, 'invalid_request'],
    ] as const) {
      const refused = await add(affiliateId, named);
      expect([named, refused.status, refused.body.error.code]).toEqual([named, status, code]);
    }
    const ambiguous = await add(jane.id, 'TWICE');
    expect(ambiguous.body.error.details).toEqual({ promotionCode: 'TWICE', ids: [...twice].reverse() });
    expect((await add(jane.id, twice[0])).status).toBe(201);
    const log = await api.database.prisma.auditLog.findMany({ where: { action: 'promotion_code.added' } });
    expect(log.map(({ actorId }) => actorId)).toEqual(['host', 'host', 'host']);
  });
});
