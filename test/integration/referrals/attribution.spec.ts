import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import type { ErrorBody } from '../../../src/http/error-response.js';
import type {
  AttributionDto,
  DecisionDto,
  DecisionPageDto,
} from '../../../src/referrals/attribution/attribution.dto.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';
import { createAffiliate, suspend, visit } from './visits.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const WINDOW_MS = 30 * DAY_MS;

let api: TestApp;
let users = 0;

beforeAll(async () => {
  api = await startTestApp({ env: { TRUST_PROXY: '1' } });
});
afterAll(async () => api.close());

const newUser = (): string => `user_${++users}`;
const signUp = (body: Record<string, unknown>, app = api): Promise<TestResponse<AttributionDto & ErrorBody>> =>
  app.request('POST', '/v1/referrals', { body: { referredUserId: newUser(), ...body } });
const decisionOf = async ({ body }: TestResponse<AttributionDto>, app = api): Promise<DecisionDto> => {
  const { body: decision } = await app.request<DecisionDto>('GET', `/v1/attribution-decisions/${body.decisionId}`);
  return decision;
};
const clickOn = async ({ code }: AffiliateDto, ip?: string): Promise<string> =>
  (await visit(api, code, { ip })).clickId ?? '';
const later = (ms: number): string => new Date(api.clock.now().getTime() + ms).toISOString();
const findingOf = (decision: DecisionDto, rule: string): string | undefined =>
  decision.rules.find((each) => each.rule === rule)?.finding;
const refusal = (reason: string) => ({
  status: 200,
  body: { attributed: false, reason, decisionId: expect.stringMatching(/^dec_[0-9a-z]{26}$/) as string },
});

describe('a signup', () => {
  it('is credited by its click', async () => {
    const affiliate = await createAffiliate(api);
    const clickId = await clickOn(affiliate);
    const referredUserId = newUser();
    const { status, body } = await signUp({ referredUserId, clickId });
    expect([status, body]).toEqual([
      201,
      {
        attributed: true,
        referral: {
          id: expect.stringMatching(/^ref_[0-9a-z]{26}$/) as string,
          affiliateId: affiliate.id,
          referredUserId,
          status: 'trial',
          mrr: 0,
          currency: null,
          lifetimeEarned: 0,
          clickId,
          stripeCustomerId: null,
          createdAt: api.clock.now().toISOString(),
          convertedAt: null,
          churnedAt: null,
        },
      },
    ]);
  });

  it('is credited by a code alone, in any case, also by one that was changed', async () => {
    const affiliate = await createAffiliate(api, { code: 'OLD-NAME' });
    await api.request('PATCH', `/v1/affiliates/${affiliate.id}`, { body: { code: 'NEW-NAME' } });
    for (const code of ['old-name', ' New-Name ']) {
      expect(await signUp({ code })).toMatchObject({
        status: 201,
        body: { referral: { affiliateId: affiliate.id, clickId: null } },
      });
    }
  });

  it('is credited by the click when click and code name different affiliates', async () => {
    const clicked = await createAffiliate(api);
    const named = await createAffiliate(api);
    const { body } = await signUp({ clickId: await clickOn(clicked), code: named.code });
    expect(body.referral?.affiliateId).toBe(clicked.id);
    expect((await signUp({ clickId: await clickOn(clicked), code: 'NO-SUCH-CODE' })).status).toBe(201);
  });

  it.each([
    'clk_00000000000000000000000000',
    'clk_01m8rqkqg0e00s2eqg9c15pcn8',
    'not an id',
    '0',
    'clk_%27%20OR%201%3D1',
  ])('with the click %s, which was never stored, is credited by the code', async (clickId) => {
    const { id, code } = await createAffiliate(api);
    const { status, body } = await signUp({ clickId, code });
    expect([status, body.referral?.affiliateId, body.referral?.clickId]).toEqual([201, id, null]);
  });

  it('keeps the terms that were in force when it happened', async () => {
    const plan = await api.request<{ id: string; planVersionId: string }>('POST', '/v1/plans', {
      body: { name: 'Terms', rateBps: 1000 },
    });
    const { code } = await createAffiliate(api, { planId: plan.body.id });
    const happenedAt = api.clock.now().toISOString();
    api.clock.advance(MINUTE_MS);
    const version = await api.request<{ planVersionId: string }>('POST', `/v1/plans/${plan.body.id}/versions`, {
      body: { rateBps: 500 },
    });
    const before = await signUp({ code, occurredAt: happenedAt });
    const after = await signUp({ code });
    const referrals = api.database.prisma.referral;
    const versions = await Promise.all(
      [before, after].map(({ body }) => referrals.findUniqueOrThrow({ where: { id: body.referral?.id ?? '' } })),
    );
    expect(versions.map(({ planVersionId }) => planVersionId)).toEqual([
      plan.body.planVersionId,
      version.body.planVersionId,
    ]);
  });

  it('binds the Stripe customer that is given with it, once', async () => {
    const { code } = await createAffiliate(api);
    const first = await signUp({ code, stripeCustomerId: 'cus_first' });
    expect(first.body.referral?.stripeCustomerId).toBe('cus_first');
    const second = await signUp({ code, stripeCustomerId: 'cus_first' });
    expect([second.status, second.body.error.code]).toEqual([409, 'stripe_customer_taken']);
  });
});

describe('a signup is refused', () => {
  it('without a stored click and a code', async () => {
    expect(await signUp({ clickId: 'clk_00000000000000000000000000' })).toMatchObject(refusal('click_unknown'));
  });

  it('for an unknown code, also as the way out of an unknown click', async () => {
    expect(await signUp({ code: 'NO-SUCH-CODE' })).toMatchObject(refusal('code_unknown'));
    expect(await signUp({ code: '🎁' })).toMatchObject(refusal('code_unknown'));
    expect(await signUp({ clickId: 'clk_00000000000000000000000000', code: 'NO-SUCH-CODE' })).toMatchObject(
      refusal('code_unknown'),
    );
  });

  it('a millisecond past the window, even when a code is given; not a millisecond before', async () => {
    const affiliate = await createAffiliate(api);
    const clickId = await clickOn(affiliate);
    const clickedAt = api.clock.now();
    api.clock.advance(WINDOW_MS + DAY_MS);
    const at = (ms: number): string => new Date(clickedAt.getTime() + ms).toISOString();
    expect(await signUp({ clickId, code: affiliate.code, occurredAt: at(WINDOW_MS + 1) })).toMatchObject(
      refusal('click_expired'),
    );
    expect((await signUp({ clickId, occurredAt: at(WINDOW_MS) })).status).toBe(201);
    // Now is the default moment, and it is past the window.
    expect(await signUp({ clickId })).toMatchObject(refusal('click_expired'));
  });

  it('for an affiliate that is pending or suspended', async () => {
    const pending = await createAffiliate(api, { status: 'pending' });
    const suspended = await createAffiliate(api);
    const clickId = await clickOn(suspended);
    await suspend(api, suspended);
    expect(await signUp({ code: pending.code })).toMatchObject(refusal('affiliate_inactive'));
    expect(await signUp({ clickId })).toMatchObject(refusal('affiliate_inactive'));
    expect(await signUp({ code: suspended.code })).toMatchObject(refusal('affiliate_inactive'));
  });

  it.each([
    ['the same address', 'jane@example.com', 'jane@example.com'],
    ['case and blanks', ' Jane@Example.com', '\tJANE@EXAMPLE.COM '],
    ['a plus tag', 'jane@example.com', 'jane+shop@example.com'],
    ['dots at Gmail', 'jane.doe@gmail.com', 'j.a.n.e.doe+x@googlemail.com'],
  ])("for the affiliate's own e-mail: %s", async (_title, own, given) => {
    const { code } = await createAffiliate(api, { email: own });
    expect(await signUp({ code, email: given })).toMatchObject(refusal('self_referral'));
    expect((await signUp({ code, email: 'somebody@else.example' })).status).toBe(201);
  });

  it("for the affiliate's own user", async () => {
    const affiliate = await createAffiliate(api);
    expect(await signUp({ referredUserId: affiliate.userId, code: affiliate.code })).toMatchObject(
      refusal('self_referral'),
    );
  });

  it('when another affiliate has the user already; the same one gets the first referral again', async () => {
    const first = await createAffiliate(api);
    const second = await createAffiliate(api);
    const referredUserId = newUser();
    const credited = await signUp({ referredUserId, code: first.code });
    expect(await signUp({ referredUserId, code: second.code })).toMatchObject(refusal('already_referred'));
    const again = await signUp({
      referredUserId,
      code: first.code,
      email: 'any@example.com',
      occurredAt: later(-DAY_MS),
    });
    expect([again.status, again.body]).toEqual([200, credited.body]);
    // Whatever became of the affiliate since.
    await suspend(api, first);
    expect((await signUp({ referredUserId, code: first.code })).body).toEqual(credited.body);
    expect(await api.database.prisma.attributionDecision.count({ where: { referredUserId, attributed: true } })).toBe(
      1,
    );
  });

  it('and may be credited by a later report', async () => {
    const affiliate = await createAffiliate(api);
    const referredUserId = newUser();
    expect(await signUp({ referredUserId, code: 'NO-SUCH-CODE' })).toMatchObject(refusal('code_unknown'));
    expect((await signUp({ referredUserId, code: affiliate.code })).status).toBe(201);
  });

  it('by the first rule that objects, and every other one is on record', async () => {
    const affiliate = await createAffiliate(api, { email: 'own@example.com' });
    const clickId = await clickOn(affiliate, '192.0.2.77');
    await api.request('GET', '/v1/me', {
      token: api.token('affiliate', affiliate.userId),
      headers: { 'x-forwarded-for': '192.0.2.77' },
    });
    await suspend(api, affiliate);
    api.clock.advance(WINDOW_MS);
    const everything = { clickId, email: 'own@example.com', ip: '192.0.2.77', occurredAt: later(1) };
    const refused = await signUp(everything);
    expect(refused).toMatchObject(refusal('click_expired'));
    const { rules } = await decisionOf(refused);
    expect(rules.filter(({ finding }) => finding === 'refuse').map(({ rule }) => rule)).toEqual([
      'click_expired',
      'affiliate_inactive',
      'self_referral',
    ]);
    expect(await signUp({ ...everything, occurredAt: undefined })).toMatchObject(refusal('affiliate_inactive'));
    await api.request('PATCH', `/v1/affiliates/${affiliate.id}`, { body: { status: 'active' } });
    expect(await signUp({ ...everything, occurredAt: undefined })).toMatchObject(refusal('self_referral'));
    expect(await signUp({ ...everything, occurredAt: undefined, email: undefined })).toMatchObject(
      refusal('affiliate_ip_match'),
    );
    expect((await signUp({ ...everything, occurredAt: undefined, email: undefined, ip: undefined })).status).toBe(201);
  });
});

describe('a report is malformed', () => {
  it.each<[string, Record<string, unknown>]>([
    ['without click and code', {}],
    ['with nulls for both', { clickId: null, code: null }],
    ['with an empty user', { code: 'ABC', referredUserId: '' }],
    ['with a blank user, who could never be erased', { code: 'ABC', referredUserId: ' ' }],
    ['with a user that is too long', { code: 'ABC', referredUserId: 'x'.repeat(256) }],
    ['with a user that is no text', { code: 'ABC', referredUserId: 7 }],
    ['with an address that is none', { code: 'ABC', ip: 'localhost' }],
    ['with an e-mail that is none', { code: 'ABC', email: 'nobody' }],
    ['with a customer that is none', { code: 'ABC', stripeCustomerId: 'cus 1' }],
    ['with a moment that is none', { code: 'ABC', occurredAt: 'yesterday' }],
    ['with a day that does not exist', { code: 'ABC', occurredAt: '2026-02-30T00:00:00Z' }],
    ['with a moment without a time zone', { code: 'ABC', occurredAt: '2026-12-01T00:00:00' }],
    ['with an unknown field', { code: 'ABC', affiliateId: 'aff_1' }],
    ['with a null character', { code: 'ABC', referredUserId: 'a\0b' }],
  ])('%s', async (_title, body) => {
    expect((await signUp(body)).status).toBe(400);
  });

  it('when it happened more than five minutes in the future, or before the click', async () => {
    const affiliate = await createAffiliate(api);
    const clickId = await clickOn(affiliate);
    for (const occurredAt of [later(5 * MINUTE_MS + 1), later(-1)]) {
      const { status, body } = await signUp({ clickId, occurredAt });
      expect([status, body.error.code]).toEqual([400, 'occurred_at_invalid']);
    }
    expect((await signUp({ clickId, occurredAt: later(5 * MINUTE_MS) })).status).toBe(201);
    expect((await signUp({ clickId, occurredAt: later(0) })).status).toBe(201);
    expect((await signUp({ code: affiliate.code, occurredAt: later(-365 * DAY_MS) })).status).toBe(201);
  });
});

describe('fifty signups of one user at once', () => {
  it('make one referral', async () => {
    const { code } = await createAffiliate(api);
    const referredUserId = newUser();
    const answers = await Promise.all(Array.from({ length: 50 }, () => signUp({ referredUserId, code })));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(49).fill(200), 201]);
    expect(new Set(answers.map(({ body }) => body.referral?.id)).size).toBe(1);
    expect(await api.database.prisma.referral.count({ where: { referredUserId } })).toBe(1);
    expect(await api.database.prisma.attributionDecision.count({ where: { referredUserId } })).toBe(1);
  });

  it('for different affiliates at two instances credit one of them', async () => {
    const other = await startTestApp({ databaseUrl: api.database.url, clock: api.clock, stripe: api.stripe });
    try {
      const affiliates = await Promise.all(Array.from({ length: 5 }, () => createAffiliate(api)));
      const referredUserId = newUser();
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          signUp({ referredUserId, code: affiliates[i % 5]?.code }, i % 2 === 0 ? api : other),
        ),
      );
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(answers.filter(({ body }) => body.attributed)).toHaveLength(10);
      expect(answers.filter(({ body }) => body.reason === 'already_referred')).toHaveLength(40);
      expect(await api.database.prisma.referral.count({ where: { referredUserId } })).toBe(1);
    } finally {
      await other.close();
    }
  });
});

describe('a decision', () => {
  it('answers why a signup was credited', async () => {
    const affiliate = await createAffiliate(api);
    const clickId = await clickOn(affiliate);
    const referredUserId = newUser();
    const { body } = await signUp({
      referredUserId,
      clickId,
      ip: '192.0.2.5',
      email: 'customer@example.com',
      stripeCustomerId: 'cus_traced',
    });
    const { body: page } = await api.request<DecisionPageDto>(
      'GET',
      `/v1/attribution-decisions?referredUserId=${referredUserId}`,
    );
    expect(page.data).toEqual([
      expect.objectContaining({
        referredUserId,
        affiliateId: affiliate.id,
        code: affiliate.code,
        clickId,
        attributed: true,
        reason: null,
        referralId: body.referral?.id,
        inputs: { clickId, code: null, ipGiven: true, email: 'c***@e***.com', stripeCustomerId: 'cus_traced' },
        summary: `${referredUserId} was credited to ${affiliate.id} by the click ${clickId} as ${body.referral?.id}. No rule objected.`,
        occurredAt: api.clock.now().toISOString(),
        createdAt: api.clock.now().toISOString(),
      }),
    ]);
    expect(page.data[0]?.rules).toHaveLength(9);
    expect(JSON.stringify(page)).not.toMatch(/customer@example\.com|192\.0\.2\.5/);
  });

  it('answers why not, and is found by user, code and click', async () => {
    const refused = await signUp({
      referredUserId: 'traced',
      code: 'gone-code',
      clickId: 'clk_00000000000000000000000001',
    });
    const decision = await decisionOf(refused);
    expect(decision).toMatchObject({
      attributed: false,
      reason: 'code_unknown',
      affiliateId: null,
      referralId: null,
      code: 'GONE-CODE',
    });
    expect(decision.summary).toBe(
      'traced was not credited to anybody (code_unknown). No affiliate has or ever had the code GONE-CODE.',
    );
    for (const query of [
      'referredUserId=traced',
      'code=gone-code',
      'clickId=clk_00000000000000000000000001',
      'code=GONE-CODE&referredUserId=traced',
    ]) {
      const { body } = await api.request<DecisionPageDto>('GET', `/v1/attribution-decisions?${query}`);
      expect(body.data.map(({ id }) => id)).toEqual([decision.id]);
    }
    expect(
      (await api.request<DecisionPageDto>('GET', '/v1/attribution-decisions?code=gone-code&referredUserId=else')).body
        .data,
    ).toEqual([]);
    expect((await api.request('GET', '/v1/attribution-decisions/dec_unknown')).status).toBe(404);
  });

  it('is one of a list that is read page by page, newest first', async () => {
    for (let i = 0; i < 5; i++) await signUp({ referredUserId: 'paged', code: 'NO-SUCH-CODE' });
    const read = async (cursor: string): Promise<DecisionPageDto> =>
      (await api.request<DecisionPageDto>('GET', `/v1/attribution-decisions?referredUserId=paged&limit=2${cursor}`))
        .body;
    const pages = [await read('')];
    while (pages.at(-1)?.nextCursor) pages.push(await read(`&cursor=${pages.at(-1)?.nextCursor}`));
    expect(pages.map(({ data }) => data.length)).toEqual([2, 2, 1]);
    const ids = pages.flatMap(({ data }) => data.map(({ id }) => id));
    expect(ids).toEqual([...ids].sort().reverse());
  });
});

describe('the rules about addresses', () => {
  it("refuse a signup from an address that the affiliate's own browser has used within the window", async () => {
    const affiliate = await createAffiliate(api);
    const browse = (ip: string): Promise<TestResponse<unknown>> =>
      api.request('GET', '/v1/me', {
        token: api.token('affiliate', affiliate.userId),
        headers: { 'x-forwarded-for': ip },
      });
    await browse('2001:db8:aa:1::1');
    await browse('::ffff:192.0.2.9');
    for (const ip of ['2001:db8:aa:1:ffff::7', '192.0.2.9'])
      expect(await signUp({ code: affiliate.code, ip })).toMatchObject(refusal('affiliate_ip_match'));
    for (const ip of ['2001:db8:aa:2::1', '192.0.2.10'])
      expect((await signUp({ code: affiliate.code, ip })).status).toBe(201);
    expect((await signUp({ code: affiliate.code })).status).toBe(201);
    // Another affiliate has nothing to do with these addresses.
    expect((await signUp({ code: (await createAffiliate(api)).code, ip: '192.0.2.9' })).status).toBe(201);
    // To the millisecond: the affiliate was last seen as long ago as the window is.
    api.clock.advance(WINDOW_MS);
    expect(await signUp({ code: affiliate.code, ip: '192.0.2.9' })).toMatchObject(refusal('affiliate_ip_match'));
    api.clock.advance(1);
    expect((await signUp({ code: affiliate.code, ip: '192.0.2.9' })).status).toBe(201);
  });

  it('recognise an address after the key of the hashes was replaced, as long as the window, and no longer', async () => {
    const own = await startTestApp({ now: '2027-01-01T00:00:00Z', env: { TRUST_PROXY: '1', CLICK_IP_RULE: 'flag' } });
    try {
      const affiliate = await createAffiliate(own);
      const keys = (): Promise<{ id: number }[]> =>
        own.database.prisma.ipHashKey.findMany({ select: { id: true }, orderBy: { id: 'asc' } });
      const [firstKey] = await keys();
      // The last moment of the first key.
      own.clock.set('2027-01-30T23:59:59.999Z');
      await own.request('GET', '/v1/me', {
        token: own.token('affiliate', affiliate.userId),
        headers: { 'x-forwarded-for': '192.0.2.9' },
      });
      const { clickId } = await visit(own, affiliate.code, { ip: '192.0.2.50' });
      own.clock.set('2027-03-01T23:59:59.999Z');
      const sameAsAffiliate = await signUp({ code: affiliate.code, ip: '192.0.2.9' }, own);
      expect(sameAsAffiliate).toMatchObject(refusal('affiliate_ip_match'));
      const sameAsClick = await signUp({ clickId, ip: '192.0.2.50' }, own);
      expect(sameAsClick.status).toBe(201);
      const { body: page } = await own.request<DecisionPageDto>('GET', `/v1/attribution-decisions?clickId=${clickId}`);
      expect(page.data[0]).toMatchObject({
        attributed: true,
        summary: expect.stringContaining('For staff to look at') as string,
      });
      expect(page.data[0] && findingOf(page.data[0], 'click_ip_match')).toBe('flag');
      expect((await keys()).length).toBe(2);
      expect((await keys())[0]).toEqual(firstKey);
      own.clock.set('2027-04-15T00:00:00Z');
      await signUp({ code: affiliate.code, ip: '192.0.2.9' }, own);
      expect(await keys()).not.toContainEqual(firstKey);
      expect(await own.database.prisma.affiliateIp.count()).toBe(0);
    } finally {
      await own.close();
    }
  });

  it('end with one key when two instances start at once', async () => {
    const first = await startTestApp();
    try {
      await first.database.prisma.ipHashKey.deleteMany();
      const others = await Promise.all(
        [1, 2, 3].map(() =>
          startTestApp({ databaseUrl: first.database.url, clock: first.clock, stripe: first.stripe }),
        ),
      );
      expect(await first.database.prisma.ipHashKey.count()).toBe(1);
      await Promise.all(others.map((other) => other.close()));
    } finally {
      await first.close();
    }
  });

  it.each([
    ['flag', 'flag', 201],
    ['refuse', 'refuse', 200],
    ['off', 'not_evaluated', 201],
  ])('do what CLICK_IP_RULE and AFFILIATE_IP_RULE say: %s', async (mode, finding, status) => {
    const own = await startTestApp({ env: { TRUST_PROXY: '1', CLICK_IP_RULE: mode, AFFILIATE_IP_RULE: mode } });
    try {
      const affiliate = await createAffiliate(own);
      await own.request('GET', '/v1/me', {
        token: own.token('affiliate', affiliate.userId),
        headers: { 'x-forwarded-for': '192.0.2.9' },
      });
      const { clickId } = await visit(own, affiliate.code, { ip: '192.0.2.9' });
      const referredUserId = newUser();
      const answer = await signUp({ referredUserId, clickId, ip: '192.0.2.9' }, own);
      expect(answer.status).toBe(status);
      if (status === 200) expect(answer.body.reason).toBe('affiliate_ip_match');
      const { body } = await own.request<DecisionPageDto>(
        'GET',
        `/v1/attribution-decisions?referredUserId=${referredUserId}`,
      );
      const [decision] = body.data;
      expect(decision && [findingOf(decision, 'affiliate_ip_match'), findingOf(decision, 'click_ip_match')]).toEqual([
        finding,
        finding,
      ]);
    } finally {
      await own.close();
    }
  });

  it('never store an address: not the click, not the affiliate, not the decision', async () => {
    const affiliate = await createAffiliate(api);
    const clickId = await clickOn(affiliate, '198.51.100.77');
    await api.request('GET', '/v1/me', {
      token: api.token('affiliate', affiliate.userId),
      headers: { 'x-forwarded-for': '198.51.100.77' },
    });
    await signUp({ clickId, ip: '198.51.100.77' });
    for (const table of [
      'clicks',
      'click_visitors',
      'uncounted_clicks',
      'affiliate_ips',
      'attribution_decisions',
      'referrals',
      'idempotency_keys',
    ]) {
      const { rows } = await api.database.pool.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM ${table} t WHERE t::text LIKE '%198.51.100.77%'`,
      );
      expect([table, rows[0]?.n]).toEqual([table, 0]);
    }
  });
});
