import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { ErrorBody } from '../../../src/http/error-response.js';
import { ServerDrain } from '../../../src/http/server-drain.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';
import { createTestDatabase } from '../../setup/database.js';
import { eventually } from '../../setup/eventually.js';

describe('health and metrics', () => {
  let api: TestApp;

  beforeAll(async () => {
    api = await startTestApp();
  });
  afterAll(async () => api.close());

  it('is live and ready while the database answers', async () => {
    expect((await api.request('GET', '/health/live', { token: '' })).body).toEqual({ status: 'ok' });
    // It asks the database for two seconds.
    await eventually(async () => {
      const ready = await api.request('GET', '/health/ready', { token: '' });
      expect(ready).toMatchObject({ status: 200, body: { status: 'ok', details: { database: { status: 'up' } } } });
    });
  });

  it('measures requests by route pattern, never by address', async () => {
    await api.request('GET', '/v1/affiliates/aff_unknown', {});
    const { text } = await api.request('GET', '/metrics', { token: '' });
    expect(text).toContain('nodejs_eventloop_lag_seconds');
    expect(text).toMatch(
      /fairshare_http_request_duration_seconds_count\{method="GET",route="\/v1\/affiliates\/:id",status="404"\} 1/,
    );
    expect(text).not.toContain('aff_unknown');
  });

  it('has every metric that the alert rules and the list of metrics name', async () => {
    const { text } = await api.request('GET', '/metrics', { token: '' });
    const known = new Set(Array.from(text.matchAll(/^# HELP (\w+)/gm), ([, name]) => name));
    for (const file of ['alerts.yml', 'metrics.md']) {
      const named = readFileSync(join(import.meta.dirname, '../../../docs/operations', file), 'utf8');
      const names = Array.from(named.matchAll(/\b(fairshare|nodejs|process)(_[a-z0-9]+)+/g), ([name]) =>
        name.replace(/_(bucket|count|sum)$/, ''),
      );
      expect(names.length).toBeGreaterThan(15);
      expect(names.filter((name) => !known.has(name))).toEqual([]);
    }
    const described = readFileSync(join(import.meta.dirname, '../../../docs/operations/metrics.md'), 'utf8');
    const ours = [...known].filter((name) => name?.startsWith('fairshare_'));
    expect(ours.filter((name) => !described.includes(`\`${name}\``))).toEqual([]);
  });
});

/** Whether /metrics, which is answered at any rate, shows the figure whose absence means that the database is away. */
async function hasWhatAlertsMiss(api: TestApp): Promise<boolean> {
  const rules = readFileSync(join(import.meta.dirname, '../../../docs/operations/alerts.yml'), 'utf8');
  const figure = /expr: absent\((.+)\)/.exec(rules)?.[1] ?? 'no rule';
  const { status, text } = await api.request('GET', '/metrics', { token: '' });
  expect(status).toBe(200);
  return text.includes(`\n${figure} `);
}

describe('a database that goes away', () => {
  it('is answered 503 with Retry-After, and everything recovers by itself', async () => {
    const database = await createTestDatabase();
    const line = await openLine(new URL(database.url));
    const api = await startTestApp({ databaseUrl: line.url });
    const create = (): Promise<TestResponse<ErrorBody>> =>
      api.request('POST', '/v1/affiliates', { body: { userId: 'u', name: 'A' }, headers: { 'idempotency-key': 'k' } });
    try {
      const expectReady = (): Promise<void> =>
        eventually(async () => expect((await api.request('GET', '/health/ready')).status).toBe(200));
      await expectReady();
      // What the database does not tell within two seconds is left out, until the next time.
      await eventually(async () => expect(await hasWhatAlertsMiss(api)).toBe(true));
      line.cut();
      expect(await hasWhatAlertsMiss(api)).toBe(false);
      for (const response of [
        await api.request<ErrorBody>('GET', '/health/ready'),
        await api.request<ErrorBody>('GET', '/v1/plans'),
        await create(),
      ]) {
        expect([response.status, response.body.error.code]).toEqual([503, 'database_unavailable']);
        expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      expect((await api.request('GET', '/health/live')).status).toBe(200);
      await line.mend();
      await expectReady();
      expect((await create()).status).toBe(201);
    } finally {
      await api.close();
      line.cut();
      await database.drop();
    }
  });
});

/** A connection to a database that a test can cut and mend, as a network or a restart would. */
async function openLine(target: URL): Promise<{ url: string; cut(): void; mend(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket
        .on('error', () => socket.destroy())
        .on('close', () => (near.destroy(), far.destroy(), sockets.delete(socket)));
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = new URL(target);
  url.host = `127.0.0.1:${port}`;
  return {
    url: url.href,
    cut: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
    mend: () => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve)),
  };
}

describe('the documentation', () => {
  let api: TestApp;

  beforeAll(async () => {
    api = await startTestApp();
  });
  afterAll(async () => api.close());

  it('is served from this machine under a policy that allows nothing else', async () => {
    const page = await api.request('GET', '/docs', { token: '' });
    expect(page.status).toBe(200);
    expect(page.text).not.toMatch(/https?:\/\//);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    for (const [, asset] of page.text.matchAll(/(?:src|href)="\.(\/docs\/[^"]+)"/g)) {
      expect([asset, (await api.request('GET', asset ?? '', { token: '' })).status]).toEqual([asset, 200]);
    }
    expect((await api.request('GET', '/docs/package.json', { token: '' })).status).toBe(404);
  });

  it('describes every route of the API, its errors and its scope', async () => {
    const { body } = await api.request<{
      paths: Record<string, Record<string, { security?: object[]; responses: object }>>;
    }>('GET', '/docs-json', { token: '' });
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining([
        '/v1/affiliates',
        '/v1/affiliates/{id}',
        '/v1/me',
        '/v1/plans',
        '/health/ready',
        '/metrics',
        '/r/{code}',
        '/stripe/webhooks',
      ]),
    );
    for (const [path, item] of Object.entries(body.paths).filter(([name]) => name.startsWith('/v1'))) {
      for (const operation of Object.values(item)) {
        expect([path, operation.security?.length ?? 0]).toEqual([path, 1]);
        expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '401', '403', '429', '503']));
      }
    }
  });
});

describe('a shutdown', () => {
  it('lets requests under way finish, turns readiness off, and does not wait for idle connections', async () => {
    const api = await startTestApp();
    let enter = (): void => undefined;
    let leave = (): void => undefined;
    const entered = new Promise<void>((resolve) => (enter = resolve));
    const left = new Promise<void>((resolve) => (leave = resolve));
    const plans = api.database.prisma.plan;
    const original = plans.findMany.bind(plans);
    Object.assign(plans, { findMany: async (args: object) => (enter(), await left, original(args)) });

    await api.request('GET', '/health/live');
    const slow = api.request('GET', '/v1/plans');
    await entered;
    const drained = api.app.get(ServerDrain).drain();
    expect(api.app.get(ServerDrain).isDraining).toBe(true);
    await expect(fetch(`${api.url}/health/live`, { headers: { connection: 'close' } })).rejects.toThrow();
    leave();
    expect((await slow).status).toBe(200);
    await drained;
    await api.close();
  });

  it('does not wait for a connection that has said nothing, as browsers open them ahead', async () => {
    const api = await startTestApp();
    const { hostname, port } = new URL(api.url);
    const silent = connect(Number(port), hostname);
    await once(silent, 'connect');
    // Whoever knocks later is heard later: after this answer the silent one has been let in.
    await api.request('GET', '/health/live');
    const hungUp = once(silent, 'close');
    await api.app.get(ServerDrain).drain();
    await hungUp;
    await api.close();
  });
});
