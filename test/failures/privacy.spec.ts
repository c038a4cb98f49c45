/** failures.md, row 71: what of a person is at rest, and what of it is left when they are erased. */
import type { AffiliateDto } from '../../src/affiliates/affiliate.dto.js';
import type { ErasureDto } from '../../src/erasures/erasure.dto.js';
import { FraudEvaluation } from '../../src/fraud/fraud-evaluation.service.js';
import { Whitelist } from '../../src/fraud/whitelist.js';
import type { ErrorBody } from '../../src/http/error-response.js';
import type { AttributionDto } from '../../src/referrals/attribution/attribution.dto.js';
import type { ClickDto } from '../../src/referrals/clicks/click.dto.js';
import { countClicks } from '../../src/referrals/clicks/count-clicks.js';
import type { ReferralDto } from '../../src/referrals/referral.dto.js';
import { EventProcessor } from '../../src/stripe/webhooks/event-processor.js';
import { EventReplay } from '../../src/stripe/webhooks/event-replay.js';
import { BROWSER } from '../integration/referrals/visits.js';
import { startTestApp, type TestApp } from '../setup/app.js';
import { accountIdOf } from '../setup/accounts.js';
import { findInDatabase } from '../setup/database-search.js';
import { eventually } from '../setup/eventually.js';
import { hostStripe, onboard } from '../setup/host.js';
import { balancesOf, commissionsOf, expectEveryCentExplained, pay, tell } from '../setup/sales.js';
import { creditNoteOf, deliver, disputeOf, eventOf, paidInvoice, refundOf, subscriptionOf } from '../setup/webhooks.js';

const AFFILIATE = {
  userId: 'user-of-Wilhelmina',
  name: 'Wilhelmina Ostrander',
  email: 'Wil.Helmina+aff@gmail.com',
  code: 'OSTRANDER',
};
const AFFILIATE_IP = '198.51.100.71';
const BUYER = {
  userId: 'buyer-Thaddeus-4711',
  email: 'thaddeus.quimby@example.org',
  ip: '203.0.113.72',
  customer: 'cus_thaddeus',
};
const BUYER_IP6 = '2001:db8:7:1::72';

let api: TestApp;

beforeEach(async () => {
  api = await startTestApp();
});
afterEach(async () => {
  await expectEveryCentExplained(api);
  await api.close();
});

const post = <T>(path: string, body: object) => api.request<T>('POST', path, { body });

async function erase(userId: string): Promise<ErasureDto> {
  const { status, body } = await post<ErasureDto>('/v1/erasures', { userId });
  expect([status, body.status]).toEqual([202, 'pending']);
  return eventually(async () => {
    const seen = await api.request<ErasureDto>('GET', `/v1/erasures/${body.id}`);
    expect(seen.body).toMatchObject({ id: body.id, status: 'completed' });
    return seen.body;
  });
}

/** What Stripe shows of a person on each of its objects. */
const AS_STRIPE_SHOWS_BUYER = {
  customer_email: BUYER.email,
  customer_name: 'Thaddeus Quimby',
  customer_address: { line1: 'Quimby Lane 9', city: 'Springfield' },
  description: 'For Thaddeus Quimby',
};

/** An affiliate with a code of its own name, who was onboarded and looked at its dashboard. */
async function affiliate(): Promise<AffiliateDto> {
  const { body } = await post<AffiliateDto>('/v1/affiliates', AFFILIATE);
  await api.request('PATCH', `/v1/affiliates/${body.id}`, { body: { code: 'WILHELMINA-O' } });
  await onboard(api, body.id);
  const token = api.token('affiliate', AFFILIATE.userId);
  await api.request('GET', '/v1/me', { token, headers: { 'x-forwarded-for': AFFILIATE_IP } });
  const { accountId } = await api.database.prisma.affiliateAccount.findFirstOrThrow();
  await tell(api, 'account.updated', {
    id: accountId,
    object: 'account',
    email: AFFILIATE.email,
    individual: { first_name: 'Wilhelmina', last_name: 'Ostrander', dob: { day: 1, month: 2, year: 1987 } },
  });
  return body;
}

/** A buyer who clicked, signed up and paid, as the host and Stripe tell it. */
async function sale(code: string): Promise<ReferralDto> {
  const { body: click } = await post<ClickDto>('/v1/clicks', {
    code,
    ip: BUYER.ip,
    userAgent: 'Mozilla/5.0 (ThaddeusBrowser)',
    url: `https://app.example.com/welcome?name=thaddeus&ref=${code}`,
    referrer: 'https://blog.example.com/~thaddeus',
    subId: 'mail-to-thaddeus',
  });
  const { body } = await post<AttributionDto>('/v1/referrals', {
    referredUserId: BUYER.userId,
    clickId: click.clickId,
    code,
    ip: BUYER_IP6,
    email: BUYER.email,
    stripeCustomerId: BUYER.customer,
  });
  await tell(api, 'customer.created', {
    id: BUYER.customer,
    object: 'customer',
    name: 'Thaddeus Quimby',
    email: BUYER.email,
    metadata: { userId: BUYER.userId, note: 'Thaddeus is a VIP' },
  });
  await tell(api, 'checkout.session.completed', {
    id: 'cs_thaddeus',
    object: 'checkout.session',
    customer: BUYER.customer,
    client_reference_id: BUYER.userId,
    payment_link: null,
    customer_details: { email: BUYER.email, name: 'Thaddeus Quimby' },
  });
  await tell(api, 'customer.subscription.created', {
    ...subscriptionOf(api, BUYER.userId, 'active'),
    id: 'sub_1',
    customer: BUYER.customer,
  });
  await pay(api, {
    id: 'in_1',
    payment: 'pi_1',
    customer: BUYER.customer,
    userId: BUYER.userId,
    ...AS_STRIPE_SHOWS_BUYER,
  });
  await tell(api, 'refund.created', {
    ...refundOf(api, { id: 're_1', payment: 'pi_1', amount: 900 }),
    ...AS_STRIPE_SHOWS_BUYER,
  });
  // A kind of event that nobody handles is stored all the same.
  await tell(api, 'customer.updated', { id: BUYER.customer, object: 'customer', email: BUYER.email });
  return body.referral as ReferralDto;
}

const NAMES_OF_BUYER =
  /thaddeus.?quimby|thaddeus\.|buyer-thaddeus|quimby|thaddeusbrowser|mail-to-thaddeus|~thaddeus|is a vip/i;
const NAMES_OF_AFFILIATE = /wilhelmina|ostrander|wil\.helmina|user-of-wil/i;

describe('71 · at rest', () => {
  it('no address is, in any column of any table; only keyed hashes', async () => {
    await api.close();
    api = await startTestApp({ env: { TRUST_PROXY: '1' } });
    const { code } = await affiliate();
    await api.request('GET', `/r/${code}`, {
      token: '',
      headers: { 'x-forwarded-for': BUYER.ip, 'user-agent': BROWSER },
    });
    await sale(code);
    expect(await api.database.prisma.affiliateIp.count()).toBe(1);
    expect(await api.database.prisma.click.count({ where: { ipHash: { not: null } } })).toBe(2);
    const addresses = [AFFILIATE_IP, BUYER.ip, BUYER_IP6, '2001:db8:7:1', '20010db800070001'];
    expect(await findInDatabase(api, addresses)).toEqual([]);
    // The search is able to find what is there.
    expect(await findInDatabase(api, [BUYER.userId])).not.toEqual([]);
  });
});

describe('71 · erasing a referred user', () => {
  it('leaves no trace of the person, and the ledger as it was', async () => {
    const { id, code } = await affiliate();
    const referral = await sale(code);
    const [before, commissions, balances] = await books(id);
    const { click, clickVisitor } = api.database.prisma;
    await countClicks(api.database.prisma);
    const marks = await clickVisitor.findMany();

    const erasure = await erase(BUYER.userId);
    expect(erasure).toMatchObject({
      affiliateId: null,
      referralId: referral.id,
      pseudonym: expect.stringMatching(/^erased_/),
    });

    expect(await findInDatabase(api, [NAMES_OF_BUYER])).toEqual([]);
    // A hash has no name in it, and would tell all the same that somebody came again.
    expect(await click.findUnique({ where: { id: referral.clickId ?? '' } })).toMatchObject({
      url: null,
      referrer: null,
      userAgent: null,
      subId: null,
      ipHash: null,
    });
    const left = await clickVisitor.findMany();
    expect(left).toHaveLength(marks.length);
    expect(left).not.toEqual(marks);
    expect(await books(id)).toEqual([before, commissions, balances]);
    expect(commissions).toMatchObject([{ invoiceId: 'in_1', amount: 1980, netAmount: 1800 }]);
    const { body } = await api.request<ReferralDto>('GET', `/v1/referrals/${referral.id}`);
    expect(body).toMatchObject({ referredUserId: erasure.pseudonym, status: 'paid', lifetimeEarned: 1800 });
    expect((await api.request('GET', `/v1/referrals/by-user/${BUYER.userId}`)).status).toBe(404);
    const audited = await api.database.prisma.auditLog.findMany({ where: { action: 'person.erased' } });
    expect(audited).toMatchObject([
      { actorId: 'host', subjectId: erasure.id, after: { affiliateId: null, referralId: referral.id } },
    ]);
    // The decision can still be explained, and the affiliate's own data are untouched.
    const decision = await api.database.prisma.attributionDecision.findFirstOrThrow({
      where: { referralId: referral.id },
    });
    expect(decision).toMatchObject({ referredUserId: erasure.pseudonym, attributed: true, inputs: { email: null } });
    expect(await findInDatabase(api, [NAMES_OF_AFFILIATE])).not.toEqual([]);
    await countClicks(api.database.prisma);
    expect(await api.database.prisma.clickDay.findFirst({ where: { affiliateId: id } })).toMatchObject({ clicks: 1 });
  });

  it('changes nothing when all stored events are processed again, and credits nobody anew', async () => {
    const { id, code } = await affiliate();
    await sale(code);
    const before = await books(id);
    await erase(BUYER.userId);
    const replayed: unknown[] = [];
    const act = { staffUserId: 'operator', reason: 'after an erasure' };
    for await (const batch of api.app.get(EventReplay).replay({ since: new Date(0) }, act)) replayed.push(...batch);
    expect(replayed.length).toBeGreaterThan(6);
    expect(replayed.filter((event) => (event as { error: string | null }).error !== null)).toEqual([]);
    expect(await books(id)).toEqual(before);
    expect(await api.database.prisma.referral.count()).toBe(1);
    expect(await findInDatabase(api, [NAMES_OF_BUYER])).toEqual([]);
  });

  it('leaves amounts that nobody can read unreadable, before and after', async () => {
    const { id, code } = await affiliate();
    await sale(code);
    const tellUnreadable = async (no: number): Promise<string> => {
      const invoice = {
        ...paidInvoice(api, { customer: BUYER.customer, userId: BUYER.userId }),
        total_excluding_tax: 'X',
      };
      const event = eventOf(api, 'invoice.paid', { ...invoice, id: `in_unreadable_${no}` });
      await deliver(api, JSON.stringify(event).replace('"X"', '1e1000'));
      return String(event['id']);
    };
    const told = [await tellUnreadable(1)];
    await erase(BUYER.userId);
    told.push(await tellUnreadable(2));
    const replayed = await api.app.get(EventProcessor).replayBatch(told, null);
    const error: unknown = expect.stringMatching(/total_excluding_tax of \S+ in_unreadable_\d is not a whole number/);
    expect(replayed).toMatchObject(told.map(() => ({ after: 'pending', error })));
    expect(await commissionsOf(api, id)).toHaveLength(1);
  });

  it('lets money that Stripe tells of later find its referral, and stores nothing of the person with it', async () => {
    const { id, code } = await affiliate();
    const referral = await sale(code);
    await erase(BUYER.userId);

    // Who they were is not learned anew: what comes after it is about nobody, too.
    const metadata = { userId: BUYER.userId };
    await tell(api, 'customer.created', { id: BUYER.customer, object: 'customer', email: BUYER.email, metadata });
    const later = { customer: BUYER.customer, userId: BUYER.userId, ...AS_STRIPE_SHOWS_BUYER };
    await pay(api, { id: 'in_2', payment: 'pi_2', total: 5000, ...later });
    await tell(api, 'charge.dispute.created', {
      ...disputeOf(api, { payment: 'pi_1', amount: 9900 }),
      evidence: {
        customer_email_address: BUYER.email,
        customer_name: 'Thaddeus Quimby',
        customer_purchase_ip: BUYER.ip,
      },
    });
    await tell(api, 'credit_note.created', {
      ...creditNoteOf(api, { invoice: 'in_2', outOfBand: 1000 }),
      memo: 'Thaddeus Quimby',
      customer: BUYER.customer,
    });
    await tell(api, 'customer.subscription.deleted', {
      ...subscriptionOf(api, BUYER.userId, 'canceled'),
      id: 'sub_1',
      customer: BUYER.customer,
    });
    await tell(api, 'customer.updated', { id: BUYER.customer, object: 'customer', email: BUYER.email });

    const commissions = await commissionsOf(api, id);
    expect(commissions.map(({ invoiceId, netAmount }) => [invoiceId, netAmount]).sort()).toEqual([
      ['in_1', 0],
      ['in_2', 800],
    ]);
    expect((await api.request<ReferralDto>('GET', `/v1/referrals/${referral.id}`)).body.status).toBe('churned');
    expect(await findInDatabase(api, [NAMES_OF_BUYER, BUYER.ip])).toEqual([]);
  });

  it('holds for the customer that the host bound to them, also where Stripe names another user for it', async () => {
    const { id, code } = await affiliate();
    const { userId: referredUserId, customer, email } = BUYER;
    await post('/v1/referrals', { referredUserId, code, stripeCustomerId: customer });
    const customerOf = (userId: string) => ({ id: customer, object: 'customer', email, metadata: { userId } });
    await tell(api, 'customer.created', customerOf('somebody-else'));
    const { pseudonym } = await erase(BUYER.userId);
    await tell(api, 'customer.created', customerOf(BUYER.userId));
    await pay(api, { id: 'in_1', payment: 'pi_1', customer, userId: BUYER.userId, ...AS_STRIPE_SHOWS_BUYER });
    expect(await findInDatabase(api, [NAMES_OF_BUYER])).toEqual([]);
    expect(await commissionsOf(api, id)).toMatchObject([{ invoiceId: 'in_1', netAmount: 1980 }]);
    expect(await api.database.prisma.stripeCustomer.findMany()).toMatchObject([
      { id: customer, referredUserId: pseudonym },
    ]);
  });

  it('takes one person only: whoever has a name or an id that looks like it keeps everything', async () => {
    const { code } = await affiliate();
    const click = () => post<ClickDto>('/v1/clicks', { code, ip: BUYER.ip, subId: 'newsletter' });
    const { clickId } = (await click()).body;
    await click();
    await post('/v1/referrals', { referredUserId: '4', clickId, email: BUYER.email });
    const other = { referredUserId: '42', code, email: 'other@example.org', stripeCustomerId: 'cus_42' };
    await post('/v1/referrals', other);
    await pay(api, {
      id: 'in_42',
      payment: 'pi_42',
      customer: 'cus_42',
      userId: '42',
      ...{ customer_email: 'other@example.org' },
    });
    const untouched = () =>
      Promise.all([
        api.database.prisma.stripeEvent.findMany({ orderBy: { id: 'asc' } }),
        api.database.prisma.referral.findMany({ where: { referredUserId: '42' } }),
        api.database.prisma.attributionDecision.findMany({ where: { referredUserId: '42' } }),
        api.database.prisma.idempotencyKey.findMany(),
      ]);
    const before = await untouched();
    expect(await erase('4')).toMatchObject({ affiliateId: null, referralId: expect.any(String) });
    expect(await untouched()).toEqual(before);
    expect(await api.database.prisma.clickSubId.findMany()).toMatchObject([{ subId: 'newsletter', clicks: 1 }]);
  });

  it('leaves alone whom the host bound a customer to, also where its invoices name the person', async () => {
    const { code } = await affiliate();
    await post('/v1/referrals', { referredUserId: 'bound', code, stripeCustomerId: 'cus_bound' });
    await post('/v1/referrals', { referredUserId: 'named', code });
    await pay(api, { id: 'in_1', payment: 'pi_1', customer: 'cus_bound', userId: 'named' });
    await erase('named');
    // What Stripe tells of that customer later is about somebody else, and is kept as it comes.
    await tell(api, 'customer.updated', { id: 'cus_bound', object: 'customer', email: 'bound@example.org' });
    expect(await findInDatabase(api, ['bound@example.org'])).not.toEqual([]);
  });

  it('is done as often as it is asked for, and answers alike for a user whom nobody knows', async () => {
    const { code } = await affiliate();
    const referral = await sale(code);
    const first = await erase(BUYER.userId);
    const again = await erase(BUYER.userId);
    const unknown = await erase('nobody-ever');
    expect([first.referralId, again.referralId, unknown.referralId]).toEqual([referral.id, null, null]);
    expect(again.pseudonym).not.toBe(first.pseudonym);
    expect(await findInDatabase(api, [NAMES_OF_BUYER, 'nobody-ever'])).toEqual([]);
    const bad = await post<ErrorBody>('/v1/erasures', { userId: ' ' });
    expect([bad.status, bad.body.error.code]).toEqual([400, 'invalid_request']);
  });

  it('under an Idempotency-Key is answered again, and both together name nobody', async () => {
    await sale((await affiliate()).code);
    const call = () =>
      api.request<ErasureDto>('POST', '/v1/erasures', {
        body: { userId: BUYER.userId },
        headers: { 'idempotency-key': 'erase-1' },
      });
    const [first, second] = [await call(), await call()];
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.body).toEqual(first.body);
    await eventually(async () =>
      expect(await api.database.prisma.erasure.count({ where: { status: 'completed' } })).toBe(1),
    );
    expect(await findInDatabase(api, [NAMES_OF_BUYER])).toEqual([]);
  });
});

describe('71 · erasing an affiliate', () => {
  it('leaves no trace of the person; the links stop, the codes stay taken, and what is owed stays visible', async () => {
    await api.close();
    api = await startTestApp();
    const { id, code, stripeAccountId } = await affiliate();
    expect(stripeAccountId).toBeNull();
    await api.request('POST', '/v1/affiliates', {
      body: { userId: 'another', name: 'Another' },
      headers: { 'idempotency-key': 'another' },
    });
    await sale(code);
    await refuseOwnSignup(code);
    const before = await books(id);
    const { affiliateIp, clickSubId } = api.database.prisma;
    const traces = () => Promise.all([affiliateIp.count(), clickSubId.count()]);
    expect(await traces()).toEqual([1, 1]);

    expect(await erase(AFFILIATE.userId)).toMatchObject({ affiliateId: id, referralId: null });

    expect(await findInDatabase(api, [NAMES_OF_AFFILIATE])).toEqual([]);
    expect(await traces()).toEqual([0, 0]);
    expect(await books(id)).toEqual(before);
    const { body } = await api.request<AffiliateDto>('GET', `/v1/affiliates/${id}`);
    expect(body).toMatchObject({
      name: 'Erased',
      email: null,
      status: 'suspended',
      userId: expect.stringMatching(/^erased_/),
    });
    expect(body.stripeAccountId).toMatch(/^acct_/);
    expect(body.code).toMatch(/^REF-/);
    for (const old of [AFFILIATE.code, 'wilhelmina-o', body.code]) {
      const { headers } = await api.request('GET', `/r/${old}`, { token: '' });
      expect([old, headers.get('location')]).toEqual([old, 'https://app.example.com']);
      const taken = await post<ErrorBody>('/v1/affiliates', { userId: `takes-${old}`, name: 'Taker', code: old });
      expect([old, taken.status, taken.body.error.code]).toEqual([old, 409, 'code_taken']);
    }
    expect((await api.request('GET', '/v1/me', { token: api.token('affiliate', AFFILIATE.userId) })).status).toBe(404);
  });

  it('stops payouts until the host lets them go on, and then pays the account that is known', async () => {
    const { id, code } = await affiliate();
    await pay(api, { id: 'in_0', payment: 'pi_0', customer: BUYER.customer, userId: BUYER.userId });
    await post('/v1/referrals', { referredUserId: BUYER.userId, code, stripeCustomerId: BUYER.customer });
    await pay(api, { id: 'in_1', payment: 'pi_1', customer: BUYER.customer, userId: BUYER.userId, total: 20_000 });
    await erase(AFFILIATE.userId);

    const preview = () =>
      post<{ payouts: object[]; skipped: object[] }>('/v1/payout-runs/preview', {
        asOf: '2027-01-01T06:00:00Z',
        period: '2027-01',
      });
    expect((await preview()).body).toMatchObject({
      payouts: [],
      skipped: [{ affiliateId: id, reason: 'suspended', amount: 5980 }],
    });
    for (const body of [{ name: 'New' }, { email: 'new@example.com' }, { code: 'NEWCODE' }, { country: 'DE' }]) {
      const refused = await api.request<ErrorBody>('PATCH', `/v1/affiliates/${id}`, { body });
      expect([refused.status, refused.body.error.code]).toEqual([422, 'affiliate_erased']);
    }
    const link = await post<ErrorBody>(`/v1/affiliates/${id}/onboarding-links`, {});
    expect([link.status, link.body.error.code]).toEqual([422, 'affiliate_erased']);

    await api.request('PATCH', `/v1/affiliates/${id}`, { body: { status: 'active' } });
    expect((await preview()).body).toMatchObject({ payouts: [{ affiliateId: id, amount: 5980 }], skipped: [] });
  });

  it('who also was referred is one person under one pseudonym', async () => {
    const { body: first } = await post<AffiliateDto>('/v1/affiliates', { userId: 'first', name: 'First' });
    const { id } = await affiliate();
    const { body } = await post<AttributionDto>('/v1/referrals', {
      referredUserId: AFFILIATE.userId,
      code: first.code,
    });
    const erasure = await erase(AFFILIATE.userId);
    expect(erasure).toMatchObject({ affiliateId: id, referralId: body.referral?.id });
    const { pseudonym } = erasure;
    expect(await api.database.prisma.affiliate.count({ where: { userId: pseudonym } })).toBe(1);
    expect(await api.database.prisma.referral.count({ where: { referredUserId: pseudonym } })).toBe(1);
    expect(await findInDatabase(api, [NAMES_OF_AFFILIATE])).toEqual([]);
  });

  it('takes their promotion codes away, whose letters may be their name, and forgets who redeemed them', async () => {
    const { id } = await affiliate();
    const stripe = hostStripe(api);
    const coupon = await stripe.coupons.create({ percent_off: 10, duration: 'forever' });
    const promotion = { type: 'coupon' as const, coupon: coupon.id };
    const { id: promotionCode } = await stripe.promotionCodes.create({ code: 'WILHELMINA10', promotion });
    expect((await post(`/v1/affiliates/${id}/promotion-codes`, { promotionCode: 'wilhelmina10' })).status).toBe(201);
    const price = await stripe.prices.create({
      product_data: { name: 'Pro' },
      currency: 'usd',
      unit_amount: 10_000,
      recurring: { interval: 'month' },
    });
    const buy = async (userId?: string): Promise<void> => {
      const metadata: Record<string, string> = userId ? { userId } : {};
      const { id: customer } = await stripe.customers.create({ email: BUYER.email, metadata });
      const discounts = [{ promotion_code: promotionCode }];
      await stripe.subscriptions.create({ customer, items: [{ price: price.id }], discounts });
    };
    await buy(BUYER.userId);
    await buy();
    await api.settle();
    expect(await balancesOf(api, id)).toMatchObject([{ currency: 'usd', payable: 1800 }]);
    expect(await findInDatabase(api, [/wilhelmina10/i])).not.toEqual([]);

    await erase(BUYER.userId);
    expect(await findInDatabase(api, [/buyer-thaddeus/i])).toEqual([]);
    await erase(AFFILIATE.userId);
    expect(await findInDatabase(api, [NAMES_OF_AFFILIATE])).toEqual([]);
    expect(await api.database.prisma.promotionCode.findMany()).toMatchObject([
      { code: promotionCode, removedAt: expect.any(Date) },
    ]);
    expect(await balancesOf(api, id)).toMatchObject([{ payable: 1800 }]);
  });
});

describe('71 · what the fraud rules know of a person', () => {
  it('is forgotten with the person: hashes of e-mails, fingerprints, and a domain of their own', async () => {
    const { body: owner } = await post<AffiliateDto>('/v1/affiliates', { ...AFFILIATE, email: 'w@ostranders.example' });
    await onboard(api, owner.id);
    const account = await accountIdOf(api, owner.id);
    const bankAccount = { id: 'ba_1', object: 'bank_account', account, fingerprint: 'fpOstrander' };
    const paid = { id: 'ch_1', object: 'charge', customer: BUYER.customer, payment_intent: 'pi_9' };
    const card = { payment_method_details: { type: 'card', card: { fingerprint: 'fpOstrander' } } };
    const tellAll = async () => {
      const event = eventOf(api, 'account.external_account.created', bankAccount, { account });
      expect((await deliver(api, event)).status).toBe(200);
      await tell(api, 'charge.succeeded', { ...paid, ...card });
    };
    const signup = { referredUserId: BUYER.userId, code: owner.code, email: 'b@ostranders.example' };
    await post('/v1/referrals', { ...signup, stripeCustomerId: BUYER.customer });
    await tellAll();
    await api.app.get(FraudEvaluation).evaluateAll();
    const cases = async () =>
      (await api.database.prisma.reviewCase.findMany({ orderBy: { rule: 'asc' } })).map(({ rule }) => rule);
    const found = await cases();
    expect(found).toEqual(expect.arrayContaining(['own_payment_method', 'same_email_domain']));
    expect(
      (await findInDatabase(api, [/@?ostranders\.example/])).some((place) => place.startsWith('review_signals')),
    ).toBe(true);

    const pair = { affiliateId: owner.id, rule: 'same_email_domain', subject: 'ostranders.example' };
    const act = { staffUserId: 'stf_1', reason: 'A family that works together' };
    await api.database.transaction((tx) => api.app.get(Whitelist).whitelistPair(tx, pair, act));

    await erase(BUYER.userId);
    await erase(AFFILIATE.userId);
    await tellAll();
    expect(await findInDatabase(api, [/ostrander/i])).toEqual([]);
    expect(await api.database.prisma.referralEmail.count()).toBe(0);
    expect(await cases()).toEqual(found);
  });

  it('stays what it was, step by step, but for the person', async () => {
    const { id: affiliateId, code } = await affiliate();
    await post('/v1/referrals', { referredUserId: BUYER.userId, code });
    const reviewCase = { id: 'case_1', affiliateId, rule: 'conversion_rate', holds: true, status: 'open' };
    await api.database.prisma.reviewCase.create({ data: { ...reviewCase, openedAt: api.clock.now() } });
    const steps = [1, 2].map((signups) => ({
      caseId: reviewCase.id,
      key: 'rate',
      level: signups,
      summary: `${signups} signups, the last by ${BUYER.userId}`,
      evidence: { signups, last: BUYER.userId },
      foundAt: api.clock.now(),
    }));
    await api.database.prisma.reviewSignal.createMany({ data: steps });

    await erase(BUYER.userId);
    const left = await api.database.prisma.reviewSignal.findMany({ orderBy: { level: 'asc' } });
    const pseudonym = expect.stringMatching(/^erased_/) as string;
    expect(left.map(({ evidence }) => evidence)).toEqual([
      { signups: 1, last: pseudonym },
      { signups: 2, last: pseudonym },
    ]);
    expect(left.map(({ summary }) => summary.split(',')[0])).toEqual(['1 signups', '2 signups']);
  });
});

/** The decision that refuses it names the affiliate's user id and masked e-mail. */
async function refuseOwnSignup(code: string): Promise<void> {
  for (const body of [
    { referredUserId: AFFILIATE.userId, code },
    { referredUserId: 'second-account', code, email: 'wilhelmina@gmail.com' },
  ]) {
    expect((await post<AttributionDto>('/v1/referrals', body)).body).toMatchObject({ reason: 'self_referral' });
  }
}

/** Everything that must be the same before and after: the journal to the byte, commissions and balances. */
async function books(affiliateId: string) {
  const { prisma } = api.database;
  const journal = [
    await prisma.journalEntry.findMany({ orderBy: { id: 'asc' } }),
    await prisma.posting.findMany({ orderBy: [{ affiliateId: 'asc' }, { currency: 'asc' }, { seq: 'asc' }] }),
  ];
  return [journal, await commissionsOf(api, affiliateId), await balancesOf(api, affiliateId)] as const;
}
