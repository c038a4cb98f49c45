import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Webhook } from 'standardwebhooks';
import {
  clickCookie,
  Fairshare,
  readClick,
  verifyWebhook,
  type FairshareOptions,
} from '../../../packages/sdk/src/index.js';
import { DEMO } from '../../../src/config/config.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { expectSoundLedger } from '../../setup/ledger.js';

const CLICK = `clk_${'0'.repeat(26)}`;
const SECRET = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
const NEXT_SECRET = `whsec_${Buffer.alloc(24, 2).toString('base64')}`;

setFlagsFromString('--expose-gc');
const freeMemory = runInNewContext('gc') as () => void;

describe('the SDK', () => {
  let api: TestApp;
  let fairshare: Fairshare;

  beforeAll(async () => {
    api = await startTestApp({ now: new Date() });
    fairshare = client();
  });
  afterAll(async () => {
    await expectSoundLedger(api);
    await api.close();
  });

  function client(options: Partial<FairshareOptions> = {}): Fairshare {
    return new Fairshare({ url: `${api.url}/`, secret: DEMO.jwtSecret, ...options });
  }

  it('creates, reads and changes what the API describes', async () => {
    const { id, code } = await fairshare.post('/v1/affiliates', { body: { userId: 'sdk-1', name: 'Ada' } });
    const changed = await fairshare.patch('/v1/affiliates/{id}', { path: { id }, body: { name: 'Ada L.' } });
    expect(changed).toMatchObject({ id, code, name: 'Ada L.' });
    expect(await fairshare.get('/v1/affiliates', { query: { userId: 'sdk-1' } })).toMatchObject({
      data: [{ id }],
      nextCursor: null,
    });
    expect(await fairshare.get('/v1/affiliates/{id}/balance', { path: { id } })).toEqual({ balances: [] });
  });

  it('walks through every page of a list', async () => {
    const made: string[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      made.unshift((await fairshare.post('/v1/plans', { body: { name: `list ${name}`, rateBps: 100 } })).id);
    }
    let requests = 0;
    const counting = client({ fetch: (...given) => ((requests += 1), fetch(...given)) });
    const seen: string[] = [];
    for await (const { id } of counting.list('/v1/plans', { query: { limit: 2 } })) seen.push(id);
    expect(seen.filter((id) => id !== 'pln_default')).toEqual(made);
    expect(requests).toBe(Math.ceil(seen.length / 2));
  });

  it('reads events on from the last one that is known', async () => {
    const { id } = await fairshare.post('/v1/affiliates', { body: { userId: 'sdk-news', name: 'Eva' } });
    await fairshare.patch('/v1/affiliates/{id}', { path: { id }, body: { country: 'DE' } });
    await eventually(async () => {
      const told: string[] = [];
      for await (const { type, data } of fairshare.list('/v1/events', { query: { limit: 1 } })) {
        if (data['id'] === id) told.push(type);
      }
      expect(told).toEqual(['affiliate.created', 'affiliate.updated']);
    });
  });

  it('throws what the service says, with its code, status, details and request', async () => {
    const body = { userId: 'sdk-2', name: 'Bea' };
    const { id } = await fairshare.post('/v1/affiliates', { body });
    await expect(fairshare.post('/v1/affiliates', { body })).rejects.toMatchObject({
      name: 'FairshareError',
      code: 'affiliate_exists',
      status: 409,
      details: { affiliateId: id },
      requestId: expect.stringMatching(/^req_/),
    });
    const proxied = client({ fetch: async () => new Response('<h1>Forbidden</h1>', { status: 403 }) });
    await expect(proxied.get('/v1/plans')).rejects.toMatchObject({ code: 'unreadable', status: 403 });
    const greeted = client({ fetch: async () => new Response('<h1>Welcome</h1>') });
    await expect(greeted.get('/v1/plans')).rejects.toMatchObject({ code: 'unreadable', status: 200 });
  });

  it('tries a POST again under the same key when its answer was lost, and it has one effect', async () => {
    const keys: (string | null)[] = [];
    const losing = client({
      fetch: async (address, init) => {
        const answer = await fetch(address, init);
        keys.push(new Headers(init?.headers).get('idempotency-key'));
        if (keys.length === 1) throw new TypeError('fetch failed');
        return answer;
      },
    });
    const { id } = await losing.post('/v1/affiliates', { body: { userId: 'sdk-3', name: 'Cleo' } });
    expect(keys).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), keys[0]]);
    expect((await fairshare.get('/v1/affiliates', { query: { userId: 'sdk-3' } })).data).toMatchObject([{ id }]);
  });

  it('comes back when it is told to, and gives up in the end', async () => {
    const answers = [
      new Response('', { status: 503, headers: { 'retry-after': '0' } }),
      new Response('', { status: 429, headers: { 'retry-after': '0' } }),
      Response.json({ data: [], nextCursor: null }),
    ];
    const waiting = client({ fetch: async () => answers.shift()! });
    expect(await waiting.get('/v1/payouts')).toEqual({ data: [], nextCursor: null });
    const nobody = new Fairshare({ url: 'http://127.0.0.1:1', secret: DEMO.jwtSecret, retries: 0 });
    await expect(nobody.get('/v1/payouts')).rejects.toMatchObject({ code: 'unreachable', status: null });
  });

  it('does not try again what the caller has given up, whether it is asking or waiting to ask again', async () => {
    let tries = 0;
    const giveUp = new AbortController();
    const asking = client({
      fetch: (_address, init) =>
        new Promise((_resolve, reject) => {
          tries += 1;
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error));
          giveUp.abort();
        }),
    });
    const given = { code: 'unreachable', status: null, cause: expect.objectContaining({ name: 'AbortError' }) };
    await expect(asking.get('/v1/payouts', { signal: giveUp.signal })).rejects.toMatchObject(given);
    await expect(asking.get('/v1/payouts', { signal: giveUp.signal })).rejects.toMatchObject(given);
    expect(tries).toBe(1);

    const giveUpLater = new AbortController();
    const waiting = client({
      fetch: async () => {
        tries += 1;
        setImmediate(() => giveUpLater.abort());
        return new Response('', { status: 503, headers: { 'retry-after': '30' } });
      },
    });
    await expect(waiting.get('/v1/payouts', { signal: giveUpLater.signal })).rejects.toMatchObject(given);
    expect(tries).toBe(2);
  });

  it('waits no longer than it may for the whole of an answer, whatever memory is freed meanwhile', async () => {
    const stalling = createServer((request, response) => {
      if (request.url === '/v1/plans') response.writeHead(200, { 'content-length': '1000' }).write('{"data":[');
    });
    await new Promise<void>((resolve) => stalling.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(stalling.address() as AddressInfo).port}`;
    const impatient = client({ url, timeoutMs: 100, retries: 0 });
    const freeing = setInterval(freeMemory, 10);
    for (const path of ['/v1/payouts', '/v1/plans'] as const) {
      const { signal } = new AbortController();
      await expect(impatient.get(path, { signal })).rejects.toMatchObject({ code: 'unreachable', status: null });
    }
    clearInterval(freeing);
    stalling.closeAllConnections();
    await new Promise((resolve) => stalling.close(resolve));
  });

  it('signs tokens for one affiliate, good for their own data only', async () => {
    const { id } = await fairshare.post('/v1/affiliates', { body: { userId: 'sdk-4', name: 'Dora' } });
    const token = await fairshare.affiliateToken('sdk-4');
    expect((await api.request<{ id: string }>('GET', '/v1/me', { token })).body.id).toBe(id);
    expect((await api.request('GET', '/v1/affiliates', { token })).status).toBe(403);
    expect((await api.request('GET', '/v1/affiliates', { token: await fairshare.hostToken() })).status).toBe(200);
  });

  it.each(['RS256', 'ES256'] as const)('signs with a private key, by %s', async (algorithm) => {
    const pair =
      algorithm === 'RS256'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const service = await startTestApp({
      now: new Date(),
      env: { JWT_PUBLIC_KEY: publicKey, JWT_ISSUER: 'https://app.example.com' },
    });
    const signing = { url: service.url, privateKey, algorithm, issuer: 'https://app.example.com' };
    expect(await new Fairshare(signing).get('/v1/payouts')).toEqual({ data: [], nextCursor: null });
    await expect(
      new Fairshare({ ...signing, issuer: 'https://else.example' }).get('/v1/payouts'),
    ).rejects.toMatchObject({ status: 401 });
    await service.close();
  });

  it.each([
    [`fairshare=${CLICK}.JOHN-X7K2`, { clickId: CLICK, code: 'JOHN-X7K2' }],
    [`a=b; fairshare=${CLICK}.john; c=d`, { clickId: CLICK, code: 'john' }],
    ['fairshare=.JOHN-X7K2', { code: 'JOHN-X7K2' }],
    [`fs_click=${CLICK}`, { clickId: CLICK }],
    [`fs_click=${CLICK}; fairshare=.JOHN-X7K2`, { code: 'JOHN-X7K2' }],
    [`xfairshare=${CLICK}.JOHN-X7K2`, null],
    ['fairshare=', null],
    [undefined, null],
  ])('reads the click of %s', (cookie, click) => {
    expect(readClick({ headers: { cookie } })).toEqual(click);
    expect(readClick(new Request('http://a.example', { headers: cookie ? { cookie } : {} }))).toEqual(click);
  });

  it.each([
    ['a visitor who arrives', '', {}, true],
    ['one who comes back by the same link', `fairshare=${CLICK}.JOHN-X7K2`, {}, false],
    ['one whom somebody else sent before', `fairshare=clk_${'1'.repeat(26)}.ANNA-CODE`, {}, true],
    ['the same, where the first counts', `fairshare=clk_${'1'.repeat(26)}.ANNA-CODE`, { attribution: 'first' }, false],
  ] as const)('decides whether the server keeps the click of %s', (_who, cookie, options, kept) => {
    const request = { url: `/?a=b&ref=JOHN-X7K2&click_id=${CLICK}`, headers: { cookie } };
    const value = `fairshare=${CLICK}.JOHN-X7K2; Max-Age=2592000; Path=/; SameSite=Lax; Secure`;
    expect(clickCookie(request, options)).toBe(kept ? value : null);
  });

  it('writes no cookie from an address that was made up', () => {
    for (const query of [
      'ref=JOHN',
      `ref=a;b&click_id=${CLICK}`,
      `click_id=${CLICK}`,
      'ref=JOHN&click_id=clk_1%0d%0aX',
    ]) {
      expect(clickCookie(new Request(`https://app.example.com/?${query}`))).toBeNull();
    }
  });

  describe('verifies a webhook', () => {
    const body = JSON.stringify({ id: 'dev_1', type: 'payout.paid', timestamp: '2026-12-01T06:00:00Z', data: {} });
    const signed = (secret: string, at = new Date()): Record<string, string> => ({
      'webhook-id': 'dev_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('dev_1', at, body),
    });

    it('of Express and Fastify (raw bytes, plain headers) and of the web’s standard', () => {
      expect(verifyWebhook(Buffer.from(body), signed(SECRET), SECRET)).toMatchObject({ type: 'payout.paid' });
      expect(verifyWebhook(body, new Headers(signed(SECRET)), SECRET)).toMatchObject({ id: 'dev_1' });
    });

    it('by either secret while one is replaced', () => {
      for (const secret of [SECRET, NEXT_SECRET]) {
        expect(verifyWebhook(body, signed(secret), [NEXT_SECRET, SECRET])).toMatchObject({ id: 'dev_1' });
      }
    });

    it('and refuses another secret, another body, an old one and one without signature', () => {
      const tenMinutesAgo = new Date(Date.now() - 600_000);
      for (const attempt of [
        () => verifyWebhook(body, signed(NEXT_SECRET), SECRET),
        () => verifyWebhook(`${body} `, signed(SECRET), SECRET),
        () => verifyWebhook(body, signed(SECRET, tenMinutesAgo), SECRET),
        () => verifyWebhook(body, {}, SECRET),
      ]) {
        expect(attempt).toThrow('The webhook is not signed with this secret, or it is older than five minutes.');
      }
    });
  });
});
