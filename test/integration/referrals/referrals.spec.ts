import type { ErrorBody } from '../../../src/http/error-response.js';
import type { AttributionDto } from '../../../src/referrals/attribution/attribution.dto.js';
import type { ReferralDto, ReferralPageDto } from '../../../src/referrals/referral.dto.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';
import { subscribe } from '../../setup/host.js';
import { createAffiliate } from './visits.js';

let api: TestApp;
let users = 0;

beforeAll(async () => {
  api = await startTestApp();
});
afterAll(async () => api.close());

const refer = async (code: string, body: Record<string, unknown> = {}): Promise<ReferralDto> => {
  const answer = await api.request<AttributionDto>('POST', '/v1/referrals', {
    body: { referredUserId: `customer_${++users}`, code, ...body },
  });
  expect(answer.status).toBe(201);
  return answer.body.referral as ReferralDto;
};
const get = (path: string, token?: string): Promise<TestResponse<ReferralDto & ErrorBody>> =>
  api.request('GET', path, { token });
const list = async (query: string): Promise<ReferralPageDto> =>
  (await api.request<ReferralPageDto>('GET', `/v1/referrals?${query}`)).body;
const bind = (id: string, stripeCustomerId: unknown): Promise<TestResponse<ReferralDto & ErrorBody>> =>
  api.request('PATCH', `/v1/referrals/${id}`, { body: { stripeCustomerId } });

describe('a referral', () => {
  it('is read by its id and by the user', async () => {
    const referral = await refer((await createAffiliate(api)).code, { referredUserId: 'a user/with ünusual@id' });
    expect((await get(`/v1/referrals/${referral.id}`)).body).toEqual(referral);
    expect((await get(`/v1/referrals/by-user/${encodeURIComponent(referral.referredUserId)}`)).body).toEqual(referral);
  });

  it.each(['/v1/referrals/ref_unknown', '/v1/referrals/by-user/unknown', '/v1/referrals/%F0%9F%8E%81'])(
    'that does not exist is 404: %s',
    async (path) => {
      const { status, body } = await get(path);
      expect([status, body.error.code]).toEqual([404, 'referral_not_found']);
    },
  );

  it('shows what its customer pays and what it has earned', async () => {
    const referral = await refer((await createAffiliate(api)).code);
    await subscribe(api, { userId: referral.referredUserId, unitAmountMinor: 4_900 });
    await api.settle();
    expect((await get(`/v1/referrals/${referral.id}`)).body).toMatchObject({
      status: 'paid',
      mrr: 4_900,
      currency: 'usd',
      lifetimeEarned: 980,
    });
  });
});

describe('referrals', () => {
  it('are listed by affiliate and status, newest first, page by page', async () => {
    const { id, code } = await createAffiliate(api);
    const referrals: ReferralDto[] = [];
    for (let i = 0; i < 5; i++) referrals.push(await refer(code));
    await refer((await createAffiliate(api)).code);
    const [oldest] = referrals;
    await api.database.prisma.referral.update({ where: { id: oldest?.id }, data: { status: 'churned' } });

    const first = await list(`affiliateId=${id}&limit=3`);
    await refer((await createAffiliate(api)).code);
    const second = await list(`affiliateId=${id}&limit=3&cursor=${first.nextCursor}`);
    expect([first.data.length, second.data.length, second.nextCursor]).toEqual([3, 2, null]);
    expect([...first.data, ...second.data].map((each) => each.id)).toEqual(referrals.map((each) => each.id).reverse());
    expect((await list(`affiliateId=${id}&status=churned`)).data.map((each) => each.id)).toEqual([oldest?.id]);
    expect((await list('affiliateId=aff_unknown')).data).toEqual([]);
  });

  it.each(['status=gone', 'affiliateId=1', 'limit=101', 'userId=x'])('cannot be listed by ?%s', async (query) => {
    expect((await api.request('GET', `/v1/referrals?${query}`)).status).toBe(400);
  });

  it('are shown to their affiliate with masked users, and to no other', async () => {
    const affiliate = await createAffiliate(api);
    const stranger = await createAffiliate(api);
    await refer(affiliate.code, { referredUserId: 'someone@example.com', stripeCustomerId: 'cus_secret_of_host' });
    const mine = await api.request<ReferralPageDto>('GET', '/v1/me/referrals', {
      token: api.token('affiliate', affiliate.userId),
    });
    expect(mine.body.data).toMatchObject([
      { affiliateId: affiliate.id, referredUserId: 's***@e***.com', stripeCustomerId: 'cu***st' },
    ]);
    const theirs = await api.request<ReferralPageDto>('GET', '/v1/me/referrals', {
      token: api.token('affiliate', stranger.userId),
    });
    expect(theirs.body.data).toEqual([]);
    expect((await get('/v1/me/referrals', api.token('affiliate', 'nobody'))).status).toBe(404);
    expect(
      (
        await api.request('GET', '/v1/me/referrals?affiliateId=aff_1', {
          token: api.token('affiliate', affiliate.userId),
        })
      ).status,
    ).toBe(400);
  });
});

describe('a Stripe customer', () => {
  it('is bound, bound to the same again, and unbound', async () => {
    const { id } = await refer((await createAffiliate(api)).code);
    for (const customer of ['cus_one', 'cus_one', 'cus_two', null, null, 'cus_one']) {
      const { status, body } = await bind(id, customer);
      expect([status, body.stripeCustomerId]).toEqual([200, customer]);
    }
    expect((await api.request<ReferralDto>('PATCH', `/v1/referrals/${id}`, { body: {} })).body.stripeCustomerId).toBe(
      'cus_one',
    );
  });

  it('belongs to one referral, also when two claim it at once', async () => {
    const { code } = await createAffiliate(api);
    const referrals = await Promise.all(Array.from({ length: 10 }, () => refer(code)));
    const answers = await Promise.all(referrals.map(({ id }) => bind(id, 'cus_wanted')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(409)]);
    expect(answers.find(({ status }) => status === 409)?.body.error.code).toBe('stripe_customer_taken');
    const winner = answers.find(({ status }) => status === 200)?.body;
    await bind(winner?.id ?? '', null);
    const [loser] = referrals.filter(({ id }) => id !== winner?.id);
    expect((await bind(loser?.id ?? '', 'cus_wanted')).status).toBe(200);
  });

  it('that paid before it was bound earns from then on', async () => {
    const referral = await refer((await createAffiliate(api)).code);
    const subscription = await subscribe(api, { userId: 'not the id that the host reports', unitAmountMinor: 1_000 });
    await api.settle();
    expect((await get(`/v1/referrals/${referral.id}`)).body.lifetimeEarned).toBe(0);
    const { body } = await bind(referral.id, subscription.customer);
    expect(body).toMatchObject({ status: 'paid', lifetimeEarned: 200 });
  });

  it.each([[''], ['a b'], [7], [{}], ['x'.repeat(256)]])('cannot be %j', async (customer) => {
    const { id } = await refer((await createAffiliate(api)).code);
    expect((await bind(id, customer)).status).toBe(400);
  });

  it('of a referral that does not exist is 404', async () => {
    expect((await bind('ref_unknown', 'cus_x')).body.error.code).toBe('referral_not_found');
  });
});

describe('a user who paid before the referral was reported', () => {
  it('earns at once, and the answer says so', async () => {
    const { code } = await createAffiliate(api);
    const occurredAt = api.clock.now().toISOString();
    await subscribe(api, { userId: 'paid first', unitAmountMinor: 2_500 });
    await api.settle();
    const referral = await refer(code, { referredUserId: 'paid first', occurredAt });
    expect(referral).toMatchObject({ status: 'paid', mrr: 2_500, currency: 'usd', lifetimeEarned: 500 });
  });
});
