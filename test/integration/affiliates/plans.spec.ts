import type { PlanDto, PlanPageDto } from '../../../src/affiliates/plans/plan.dto.js';
import { PlansService } from '../../../src/affiliates/plans/plans.service.js';
import type { ErrorBody } from '../../../src/http/error-response.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';

let api: TestApp;

beforeAll(async () => {
  api = await startTestApp();
});
afterAll(async () => api.close());

const create = (body: Record<string, unknown>): Promise<TestResponse<PlanDto>> =>
  api.request('POST', '/v1/plans', { body });
const addVersion = (id: string, body: Record<string, unknown>): Promise<TestResponse<PlanDto>> =>
  api.request('POST', `/v1/plans/${id}/versions`, { body });

describe('plans', () => {
  it('begin with the default one: 20 %, for life, no hold', async () => {
    const { body } = await api.request<PlanPageDto>('GET', '/v1/plans');
    expect(body).toEqual({
      data: [
        {
          id: 'pln_default',
          name: 'default',
          version: 1,
          planVersionId: 'plv_default',
          rateBps: 2000,
          durationMonths: null,
          holdDays: 0,
          createdAt: expect.any(String) as string,
        },
      ],
      nextCursor: null,
    });
  });

  it('take new terms as a new version, which changes nothing before it', async () => {
    const { status, body: plan } = await create({ name: 'partners', rateBps: 3000, durationMonths: 12, holdDays: 30 });
    expect(status).toBe(201);
    expect(plan).toMatchObject({ version: 1, rateBps: 3000, durationMonths: 12, holdDays: 30 });
    const changedAt = new Date('2026-12-05T00:00:00Z');
    api.clock.set(changedAt);
    const { status: versionStatus, body: changed } = await addVersion(plan.id, { rateBps: 1000 });
    expect(versionStatus).toBe(201);
    expect(changed).toMatchObject({ id: plan.id, version: 2, rateBps: 1000, durationMonths: null, holdDays: 0 });

    const plans = api.app.get(PlansService, { strict: false });
    const at = async (moment: string): Promise<number> =>
      (await plans.versionInForce(api.database.prisma, plan.id, new Date(moment))).version;
    expect(await at('1999-01-01T00:00:00Z')).toBe(1);
    expect(await at('2026-12-04T23:59:59.999Z')).toBe(1);
    expect(await at('2026-12-05T00:00:00Z')).toBe(2);
    const { body: page } = await api.request<PlanPageDto>('GET', '/v1/plans?limit=100');
    expect(page.data).toContainEqual(changed);
  });

  it('get gapless versions from requests at the same moment, of which the last is in force', async () => {
    const { body: plan } = await create({ name: 'busy', rateBps: 0 });
    const responses = await Promise.all(Array.from({ length: 6 }, (_, i) => addVersion(plan.id, { rateBps: i + 1 })));
    expect(responses.map(({ body }) => body.version).sort()).toEqual([2, 3, 4, 5, 6, 7]);
    const newest = responses.find(({ body }) => body.version === 7)?.body;
    const { body: page } = await api.request<PlanPageDto>('GET', '/v1/plans?limit=100');
    expect(page.data.find(({ id }) => id === plan.id)).toEqual(newest);
  });

  it('have a name of their own', async () => {
    const [a, b] = await Promise.all([create({ name: 'twice', rateBps: 1 }), create({ name: ' twice ', rateBps: 2 })]);
    const [made, refused] = a.status === 201 ? [a, b] : [b, a];
    expect(refused.status).toBe(409);
    expect((refused.body as unknown as ErrorBody).error).toMatchObject({
      code: 'plan_exists',
      details: { planId: made.body.id },
    });
  });

  it.each([
    [{ rateBps: 10_001 }],
    [{ rateBps: -1 }],
    [{ rateBps: '2000' }],
    [{}],
    [{ rateBps: 1, durationMonths: 0 }],
    [{ rateBps: 1, durationMonths: 1201 }],
    [{ rateBps: 1, holdDays: 366 }],
    [{ rateBps: 1, holdDays: 1.5 }],
    [{ rateBps: 1, name: '' }],
  ])('refuse the terms %j', async (terms) => {
    expect((await create({ name: 'terms', ...terms })).status).toBe(400);
  });

  it('refuse a name for a version, and a version for no plan', async () => {
    expect((await addVersion('pln_default', { rateBps: 1, name: 'x' })).status).toBe(400);
    const unknown = await addVersion('pln_nothing', { rateBps: 1 });
    expect([unknown.status, (unknown.body as unknown as ErrorBody).error.code]).toEqual([404, 'plan_not_found']);
  });
});
