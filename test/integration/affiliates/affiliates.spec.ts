import type { AffiliateDto, AffiliatePageDto } from '../../../src/affiliates/affiliate.dto.js';
import { CodeSuffixes } from '../../../src/affiliates/codes/affiliate-codes.js';
import type { ErrorBody } from '../../../src/http/error-response.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';

let api: TestApp;
let users = 0;

beforeAll(async () => {
  api = await startTestApp();
});
afterAll(async () => api.close());

const create = (body: Record<string, unknown> = {}): Promise<TestResponse<AffiliateDto>> =>
  api.request('POST', '/v1/affiliates', { body: { userId: `user_${++users}`, name: 'John Smith', ...body } });
const patch = (id: string, body: Record<string, unknown>): Promise<TestResponse<AffiliateDto>> =>
  api.request('PATCH', `/v1/affiliates/${id}`, { body });
const list = (query: string): Promise<TestResponse<AffiliatePageDto>> => api.request('GET', `/v1/affiliates?${query}`);
const errorOf = (response: TestResponse<unknown>): ErrorBody['error'] => (response.body as ErrorBody).error;

describe('an affiliate', () => {
  it('is made with a code from its name, the default plan and the default country', async () => {
    const { status, body } = await create({ userId: 'user_john', email: 'John@Example.com' });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^aff_[0-9a-z]{26}$/) as string,
      userId: 'user_john',
      name: 'John Smith',
      email: 'John@Example.com',
      country: 'US',
      code: expect.stringMatching(/^JOHN-[2-9A-HJ-NP-Z]{4}$/) as string,
      referralUrl: `http://localhost:3000/r/${body.code}`,
      status: 'active',
      planId: 'pln_default',
      commissionRateBps: null,
      stripeAccountId: null,
      payoutsEnabled: false,
      createdAt: '2026-12-01T12:00:00.000Z',
    });
    expect((await api.request('GET', `/v1/affiliates/${body.id}`)).body).toEqual(body);
    const me = await api.request('GET', '/v1/me', { token: api.token('affiliate', 'user_john') });
    expect(me.body).toEqual(body);
  });

  it('takes every optional field', async () => {
    const { body } = await create({
      code: 'spring-26',
      commissionRateBps: 2500,
      country: 'de',
      status: 'pending',
      planId: 'pln_default',
    });
    expect(body).toMatchObject({ code: 'SPRING-26', commissionRateBps: 2500, country: 'DE', status: 'pending' });
  });

  it('takes null for whatever is optional', async () => {
    const { status } = await create({
      email: null,
      code: null,
      planId: null,
      commissionRateBps: null,
      country: null,
      status: null,
    });
    expect(status).toBe(201);
  });

  it('is made once per user, also by ten requests at the same moment', async () => {
    const responses = await Promise.all(Array.from({ length: 10 }, () => create({ userId: 'user_parallel' })));
    const made = responses.filter(({ status }) => status === 201);
    expect(made).toHaveLength(1);
    for (const refused of responses.filter(({ status }) => status !== 201)) {
      expect(refused.status).toBe(409);
      expect(errorOf(refused)).toMatchObject({ code: 'affiliate_exists', details: { affiliateId: made[0]?.body.id } });
    }
  });

  it.each([
    [{ planId: 'pln_unknown' }, 422, 'plan_not_found'],
    [{ code: 'Admin' }, 422, 'code_reserved'],
    [{ code: 'ab' }, 400, 'invalid_request'],
    [{ code: 'a'.repeat(33) }, 400, 'invalid_request'],
    [{ code: 'john smith' }, 400, 'invalid_request'],
    [{ email: 'nobody' }, 400, 'invalid_request'],
    [{ country: 'USA' }, 400, 'invalid_request'],
    [{ status: 'suspended' }, 400, 'invalid_request'],
    [{ commissionRateBps: 10_001 }, 400, 'invalid_request'],
    [{ commissionRateBps: -1 }, 400, 'invalid_request'],
    [{ commissionRateBps: 12.5 }, 400, 'invalid_request'],
    [{ name: ' ' }, 400, 'invalid_request'],
    [{ userId: '' }, 400, 'invalid_request'],
  ])('is not made from %j', async (body, status, code) => {
    const before = await api.database.prisma.affiliate.count();
    const response = await create(body);
    expect([response.status, errorOf(response).code]).toEqual([status, code]);
    expect(await api.database.prisma.affiliate.count()).toBe(before);
  });

  it('that does not exist is answered 404', async () => {
    for (const response of [
      await api.request('GET', '/v1/affiliates/aff_nobody'),
      await patch('aff_nobody', { name: 'X' }),
      await api.request('GET', '/v1/me', { token: api.token('affiliate', 'stranger') }),
      await api.request('POST', '/v1/affiliates/aff_nobody/onboarding-links'),
    ]) {
      expect([response.status, errorOf(response).code]).toEqual([404, 'affiliate_not_found']);
    }
  });
});

describe('codes', () => {
  it('differ for ten people of one name at the same moment', async () => {
    const made = await Promise.all(Array.from({ length: 10 }, () => create({ name: 'Zoë' })));
    expect(new Set(made.map(({ body }) => body.code)).size).toBe(10);
    for (const { status, body } of made) {
      expect(status).toBe(201);
      expect(body.code).toMatch(/^ZOE-/);
    }
  });

  it('get a longer suffix when drawn twice, and no caller ever sees an error', async () => {
    const suffixes = api.app.get(CodeSuffixes, { strict: false });
    const draw = suffixes.next;
    suffixes.next = (length) => 'X'.repeat(length);
    const codes: string[] = [];
    for (let i = 0; i < 3; i++) codes.push((await create({ name: 'Mia' })).body.code);
    suffixes.next = draw;
    expect(codes).toEqual(['MIA-XXXX', 'MIA-XXXXX', 'MIA-XXXXXX']);
  });

  it('are taken when anybody has them, in any case, also under concurrency', async () => {
    const responses = await Promise.all(
      Array.from({ length: 8 }, (_, i) => create({ code: i % 2 ? 'hot-deal' : 'HOT-DEAL' })),
    );
    expect(responses.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = responses.filter(({ status }) => status !== 201);
    expect(refused.map((response) => [response.status, errorOf(response).code])).toEqual(
      Array(7).fill([409, 'code_taken']),
    );
  });

  it('stay aliases of their affiliate for ever', async () => {
    const { body: ann } = await create({ code: 'ANN-ONE' });
    const { body: bob } = await create({ code: 'BOB-ONE' });
    expect((await patch(ann.id, { code: 'ann-two' })).body).toMatchObject({
      code: 'ANN-TWO',
      referralUrl: 'http://localhost:3000/r/ANN-TWO',
    });

    expect(errorOf(await patch(bob.id, { code: 'ann-one' })).code).toBe('code_taken');
    expect((await api.request<AffiliateDto>('GET', `/v1/affiliates/${bob.id}`)).body.code).toBe('BOB-ONE');
    for (const code of ['ANN-ONE', 'ann-two']) {
      expect((await list(`code=${code}`)).body.data.map(({ id }) => id)).toEqual([ann.id]);
    }

    expect((await patch(ann.id, { code: 'ANN-ONE' })).body.code).toBe('ANN-ONE');
    expect((await patch(ann.id, { code: 'ANN-ONE' })).status).toBe(200);
    expect(await api.database.prisma.affiliateCode.count({ where: { affiliateId: ann.id, isCurrent: true } })).toBe(1);
  });

  it('can be changed by many at once and leave one current code', async () => {
    const { body: ann } = await create();
    const codes = Array.from({ length: 6 }, (_, i) => `MANY-${i}`);
    const changed = await Promise.all(codes.map((code) => patch(ann.id, { code })));
    expect(changed.map(({ status }) => status)).toEqual(codes.map(() => 200));
    expect(await api.database.prisma.affiliateCode.count({ where: { affiliateId: ann.id, isCurrent: true } })).toBe(1);
    expect(await api.database.prisma.affiliateCode.count({ where: { affiliateId: ann.id } })).toBe(7);
  });
});

describe('a change', () => {
  it('leaves what is not given', async () => {
    const { body: before } = await create({ email: 'a@example.com', country: 'FR', commissionRateBps: 100 });
    const { body: after } = await patch(before.id, { name: 'New Name' });
    expect(after).toEqual({ ...before, name: 'New Name' });
    expect((await patch(before.id, {})).body).toEqual(after);
  });

  it('removes the e-mail and goes back to the default country by null', async () => {
    const { body } = await create({ email: 'a.b+c@gmail.com', country: 'FR' });
    const stored = await api.database.prisma.affiliate.findUniqueOrThrow({ where: { id: body.id } });
    expect(stored.emailNormalized).toBe('ab@gmail.com');
    expect((await patch(body.id, { email: null, country: null })).body).toMatchObject({ email: null, country: 'US' });
    expect(await api.database.prisma.affiliate.findUniqueOrThrow({ where: { id: body.id } })).toMatchObject({
      emailNormalized: null,
    });
  });

  it.each(['name', 'code', 'planId', 'status'])('refuses null for %s', async (field) => {
    const { body } = await create();
    expect((await patch(body.id, { [field]: null })).status).toBe(400);
  });

  it('keeps the history of own rates: since ever, from now, ended', async () => {
    const { body } = await create({ commissionRateBps: 1000 });
    api.clock.advance(60_000);
    expect((await patch(body.id, { commissionRateBps: 3000 })).body.commissionRateBps).toBe(3000);
    api.clock.advance(60_000);
    expect((await patch(body.id, { commissionRateBps: null })).body.commissionRateBps).toBeNull();
    await patch(body.id, { commissionRateBps: null });
    const rates = await api.database.prisma.affiliateRate.findMany({
      where: { affiliateId: body.id },
      orderBy: { effectiveFrom: 'asc' },
    });
    expect(rates.map(({ effectiveFrom, rateBps }) => [effectiveFrom.toISOString(), rateBps])).toEqual([
      ['1970-01-01T00:00:00.000Z', 1000],
      ['2026-12-01T12:01:00.000Z', 3000],
      ['2026-12-01T12:02:00.000Z', null],
    ]);
  });

  it.each([
    ['pending', 'active', 200],
    ['pending', 'pending', 200],
    ['pending', 'suspended', 422],
    ['active', 'suspended', 200],
    ['active', 'pending', 422],
  ])('of the status from %s to %s is answered %i', async (from, to, status) => {
    const { body } = await create({ status: from });
    const response = await patch(body.id, { status: to });
    expect(response.status).toBe(status);
    if (status === 422)
      expect(errorOf(response)).toMatchObject({ code: 'status_transition_invalid', details: { from, to } });
    else expect(response.body.status).toBe(to);
  });

  it('of the status leads from suspended back to active only', async () => {
    const { body } = await create();
    await patch(body.id, { status: 'suspended' });
    expect((await patch(body.id, { status: 'pending' })).status).toBe(422);
    expect((await patch(body.id, { status: 'active' })).body.status).toBe('active');
  });

  it('that is refused in part changes nothing', async () => {
    const { body } = await create({ code: 'WHOLE-1' });
    expect((await patch(body.id, { name: 'Changed', code: 'ADMIN' })).status).toBe(422);
    expect((await api.request('GET', `/v1/affiliates/${body.id}`)).body).toEqual(body);
  });
});

describe('the list', () => {
  it('is stable while affiliates are added', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift((await create({ status: 'pending' })).body.id);
    const first = await list('status=pending&limit=2');
    expect(first.body.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    await create({ status: 'pending' });
    const second = await list(`status=pending&limit=2&cursor=${first.body.nextCursor}`);
    expect(second.body.data.map(({ id }) => id)).toEqual(ids.slice(2, 4));
    const rest = await list(`status=pending&limit=100&cursor=${second.body.nextCursor}`);
    expect(rest.body.data[0]?.id).toBe(ids[4]);
    expect(rest.body.nextCursor).toBeNull();
  });

  it('filters by user, status and code together', async () => {
    const { body } = await create({ userId: 'filtered', code: 'FILTERED' });
    expect((await list('userId=filtered&status=active&code=filtered')).body).toEqual({
      data: [body],
      nextCursor: null,
    });
    expect((await list('userId=filtered&status=pending')).body.data).toEqual([]);
    expect((await list('code=not-there')).body.data).toEqual([]);
  });

  it.each([
    'limit=0',
    'limit=101',
    'limit=ten',
    'limit=1&limit=2',
    'cursor=x',
    'status=gone',
    'stauts=active',
    'userId[]=x',
  ])('refuses ?%s', async (query) => {
    expect((await list(query)).status).toBe(400);
  });
});
