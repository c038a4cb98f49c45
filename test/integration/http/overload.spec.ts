import type { ErrorBody } from '../../../src/http/error-response.js';
import { Metrics } from '../../../src/http/metrics.js';
import { WebhookInbox } from '../../../src/stripe/webhooks/webhook-inbox.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { deliver, eventOf } from '../../setup/webhooks.js';
import { createAffiliate, visit } from '../referrals/visits.js';

/** What the service takes on at once. */
const LIMIT = 500;
const TOO_MANY = 50;

describe('more requests than the service can work off', () => {
  let api: TestApp;

  beforeEach(async () => {
    api = await startTestApp();
  });
  afterEach(async () => {
    // Nobody is forgotten: all places are free again.
    for (const crowd of ['others', 'webhooks']) {
      await eventually(async () => expect(await gauge(api, 'requests_under_way', crowd)).toBe(0));
    }
    await api.close();
  });

  const askForPlans = (signal?: AbortSignal): Promise<Response> =>
    fetch(`${api.url}/v1/plans`, { headers: { authorization: `Bearer ${api.token()}` }, signal });

  it('are answered 503 with Retry-After at once, while visitors, Stripe and health checks are served as ever', async () => {
    const { code } = await createAffiliate(api);
    const release = holdUp(api.database.prisma.plan, 'findMany');
    const crowd = Array.from({ length: LIMIT }, () => askForPlans());
    await eventually(async () => expect(await gauge(api, 'requests_under_way', 'others')).toBe(LIMIT));

    const refused = await Promise.all(
      Array.from({ length: TOO_MANY }, () => api.request<ErrorBody>('POST', '/v1/affiliates', { body: { name: 'A' } })),
    );
    expect(new Set(refused.map(summary))).toEqual(new Set(['503 overloaded 2']));
    expect(await gauge(api, 'requests_refused_total', 'others')).toBe(TOO_MANY);
    for (const path of ['/health/live', '/health/ready', '/metrics']) {
      expect([path, (await api.request('GET', path, { token: '' })).status]).toEqual([path, 200]);
    }
    expect(await visit(api, code)).toMatchObject({ status: 302, ref: code, clickId: expect.any(String) as string });
    expect((await deliver(api, eventOf(api, 'customer.created', { id: 'cus_1' }))).status).toBe(200);

    release();
    expect(new Set((await Promise.all(crowd)).map(({ status }) => status))).toEqual(new Set([200]));
    expect((await askForPlans()).status).toBe(200);
  });

  it('count until their work is done, though their callers have hung up', async () => {
    const release = holdUp(api.database.prisma.plan, 'findMany');
    const caller = new AbortController();
    const crowd = Array.from({ length: LIMIT }, () => askForPlans(caller.signal));
    await eventually(async () => expect(await gauge(api, 'requests_under_way', 'others')).toBe(LIMIT));
    caller.abort();
    expect((await Promise.allSettled(crowd)).every(({ status }) => status === 'rejected')).toBe(true);

    expect((await askForPlans()).status).toBe(503);
    release();
    await eventually(async () => expect((await askForPlans()).status).toBe(200));
  });

  it('are refused apart from webhooks, which Stripe sends again', async () => {
    const release = holdUp(api.app.get(WebhookInbox), 'store');
    const send = (): Promise<TestResponse<ErrorBody>> =>
      deliver(api, eventOf(api, 'customer.created', { id: 'cus_1' })) as Promise<TestResponse<ErrorBody>>;
    const crowd = Array.from({ length: LIMIT }, send);
    await eventually(async () => expect(await gauge(api, 'requests_under_way', 'webhooks')).toBe(LIMIT));
    expect(summary(await send())).toBe('503 overloaded 2');
    expect((await askForPlans()).status).toBe(200);

    release();
    expect(new Set((await Promise.all(crowd)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(await api.database.prisma.stripeEvent.count()).toBe(LIMIT);
    expect((await send()).status).toBe(200);
  });
});

/** Has every call of the method wait until it is let go, and then goes on as ever. */
function holdUp<Name extends string>(owner: Record<Name, unknown>, method: Name): () => void {
  const original = owner[method] as (...args: unknown[]) => Promise<unknown>;
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  Object.assign(owner, { [method]: async (...args: unknown[]) => (await released, original.apply(owner, args)) });
  return release;
}

function summary({ status, body, headers }: TestResponse<ErrorBody>): string {
  return `${status} ${body.error.code} ${headers.get('retry-after')}`;
}

async function gauge(api: TestApp, name: string, crowd: string): Promise<number> {
  const text = await api.app.get(Metrics).registry.getSingleMetricAsString(`fairshare_http_${name}`);
  return Number(new RegExp(`\\{crowd="${crowd}"\\} (\\d+)`).exec(text)?.[1] ?? NaN);
}
