import type { ErrorBody } from '../../../src/http/error-response.js';
import { Metrics } from '../../../src/http/metrics.js';
import { WebhookInbox } from '../../../src/stripe/webhooks/webhook-inbox.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { deliver, eventOf } from '../../setup/webhooks.js';
import { createAffiliate, visit } from '../referrals/visits.js';

/** What the service works on at once, and what it lets wait. */
const AT_ONCE = { others: 100, webhooks: 500, largeWebhooks: 32 };
const IN_LINE = 400;
const TOO_MANY = 50;
/** As long as anybody waits in line: who is not seen there by then is not there any more. */
const IN_LINE_MS = 10_000;

describe('more requests than the service can work off', () => {
  let api: TestApp;

  beforeEach(async () => {
    api = await startTestApp();
  });
  afterEach(async () => {
    await untilAllAreFree();
    await api.close();
  });

  /** Nobody is forgotten: all places are free again. */
  async function untilAllAreFree(): Promise<void> {
    for (const crowd of ['others', 'staff', 'webhooks', 'large_webhooks']) {
      await eventually(async () => expect(await gauge(api, 'under_way', crowd)).toBe(0));
    }
  }

  const expectInLine = (crowd: string, count: number): Promise<void> =>
    eventually(async () => expect(await gauge(api, 'in_line', crowd)).toBe(count), IN_LINE_MS);

  /**
   * Nobody stands in line for ever, and a machine that does much else may do nothing at all for as long: then all of it
   * begins anew. What was held up is let go in any case.
   */
  async function inTime(owner: object, method: string, work: (release: () => void) => Promise<void>): Promise<void> {
    await eventually(async () => {
      await untilAllAreFree();
      const release = holdUp(owner as Record<string, unknown>, method);
      try {
        await work(release);
      } finally {
        release();
      }
    });
  }

  const askForPlans = (signal?: AbortSignal): Promise<Response> =>
    fetch(`${api.url}/v1/plans`, { headers: { authorization: `Bearer ${api.token()}` }, signal });

  it('are answered 503 with Retry-After where there is no room in line, while visitors, Stripe, staff and health checks are served', async () => {
    const { code } = await createAffiliate(api);
    const release = holdUp(api.database.prisma.plan, 'findMany');
    const atWork = Array.from({ length: AT_ONCE.others }, () => askForPlans());
    await eventually(async () => expect(await gauge(api, 'under_way', 'others')).toBe(AT_ONCE.others));
    const more = Array.from({ length: IN_LINE + TOO_MANY }, () => createNobody());
    await eventually(async () => expect(await gauge(api, 'refused_total', 'others')).toBeGreaterThanOrEqual(TOO_MANY));
    for (const path of ['/health/live', '/health/ready', '/metrics']) {
      // Whether it is ready, the database has two seconds to say.
      await eventually(async () =>
        expect([path, (await api.request('GET', path, { token: '' })).status]).toEqual([path, 200]),
      );
    }
    // Nobody is refused; there is just no panel in this one.
    expect((await api.request('GET', '/admin', { token: '' })).status).toBe(404);
    expect(await visit(api, code)).toMatchObject({ status: 302, ref: code, clickId: expect.any(String) as string });
    expect((await deliver(api, eventOf(api, 'customer.created', { id: 'cus_1' }))).status).toBe(200);

    release();
    expect(new Set((await Promise.all(atWork)).map(({ status }) => status))).toEqual(new Set([200]));
    // Who was in line got their turn, unless the machine does so much else that they waited too long. They ask for nonsense.
    const told = (await Promise.all(more)).map(summary);
    expect(told).toContain('503 overloaded 2');
    expect(told.filter((what) => what !== '503 overloaded 2' && what !== '400 invalid_request null')).toEqual([]);
    expect((await askForPlans()).status).toBe(200);
  });

  it('are all served when they are a burst that is soon worked off', async () => {
    await inTime(api.database.prisma.plan, 'findMany', async (release) => {
      const answers = Array.from({ length: AT_ONCE.others + 10 }, () => askForPlans());
      await expectInLine('others', 10);
      release();
      expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([200]));
    });
  });

  it('count until their work is done, though their callers have hung up', async () => {
    await inTime(api.database.prisma.plan, 'findMany', async (release) => {
      const caller = new AbortController();
      const crowd = Promise.allSettled(Array.from({ length: AT_ONCE.others + 10 }, () => askForPlans(caller.signal)));
      await expectInLine('others', 10);
      caller.abort();
      expect((await crowd).every(({ status }) => status === 'rejected')).toBe(true);
      // Nobody is worked for who has left the line.
      await expectInLine('others', 0);
      expect(await gauge(api, 'under_way', 'others')).toBe(AT_ONCE.others);

      const late = askForPlans();
      await expectInLine('others', 1);
      release();
      expect((await late).status).toBe(200);
    });
  });

  it('are counted apart from webhooks', async () => {
    const send = (): Promise<TestResponse<ErrorBody>> =>
      deliver(api, eventOf(api, 'customer.created', { id: 'cus_1' })) as Promise<TestResponse<ErrorBody>>;
    await inTime(api.app.get(WebhookInbox), 'store', async (release) => {
      const before = await api.database.prisma.stripeEvent.count();
      const crowd = Array.from({ length: AT_ONCE.webhooks + 10 }, send);
      await expectInLine('webhooks', 10);
      expect(await gauge(api, 'under_way', 'webhooks')).toBe(AT_ONCE.webhooks);
      expect((await askForPlans()).status).toBe(200);

      release();
      expect(new Set((await Promise.all(crowd)).map(({ status }) => status))).toEqual(new Set([200]));
      expect(await api.database.prisma.stripeEvent.count()).toBe(before + AT_ONCE.webhooks + 10);
    });
  });

  it('hold few bodies in memory that are much larger than Stripe’s events are, or do not say how large, beside those', async () => {
    const send = (bytes: number): Promise<TestResponse<ErrorBody>> => {
      const object = { id: 'cus_1', description: 'a'.repeat(bytes) };
      return deliver(api, eventOf(api, 'customer.created', object)) as Promise<TestResponse<ErrorBody>>;
    };
    const sendUnmeasured = async (): Promise<number> => {
      const body = new Blob(['a'.repeat(1024)]).stream();
      const options = { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/json' } };
      return (await fetch(`${api.url}/stripe/webhooks`, options as RequestInit)).status;
    };
    await inTime(api.app.get(WebhookInbox), 'store', async (release) => {
      const large = Array.from({ length: AT_ONCE.largeWebhooks }, () => send(64 * 1024));
      await eventually(async () => expect(await gauge(api, 'under_way', 'large_webhooks')).toBe(AT_ONCE.largeWebhooks));
      const [more, unmeasured, small] = [send(512 * 1024), sendUnmeasured(), send(1024)];
      await expectInLine('large_webhooks', 2);
      await eventually(async () => expect(await gauge(api, 'under_way', 'webhooks')).toBe(1), IN_LINE_MS);

      release();
      expect(new Set((await Promise.all([...large, more, small])).map(({ status }) => status))).toEqual(new Set([200]));
      // It is not signed.
      expect(await unmeasured).toBe(400);
    });
  });

  function createNobody(): Promise<TestResponse<ErrorBody>> {
    return api.request('POST', '/v1/affiliates', { body: { name: 'A' } });
  }
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
  const text = await api.app.get(Metrics).registry.getSingleMetricAsString(`fairshare_http_requests_${name}`);
  return Number(new RegExp(`\\{crowd="${crowd}"\\} (\\d+)`).exec(text)?.[1] ?? NaN);
}
