import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext, Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AccessGuard } from '../../../src/auth/access.guard.js';
import { DashboardSessions } from '../../../src/auth/dashboard-sessions.service.js';
import { TokenGuard } from '../../../src/auth/token.guard.js';
import { DEMO } from '../../../src/config/config.js';
import type { ErrorBody } from '../../../src/http/error-response.js';
import { RateLimiter } from '../../../src/http/rate-limiter.js';
import { FakeClock, startTestApp, type TestApp } from '../../setup/app.js';
import { signToken, type TokenOptions } from '../../setup/tokens.js';

const HOUR = 3600;
const MINUTE_MS = 60_000;
const NOW = new Date('2026-12-01T12:00:00Z');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

const statusOf = async (api: TestApp, token: string, path = '/v1/plans'): Promise<number> =>
  (await api.request('GET', path, { token })).status;

describe('a host token signed with the shared secret', () => {
  let api: TestApp;

  beforeAll(async () => {
    api = await startTestApp({ env: { JWT_ISSUER: 'https://host.example' } });
  });
  afterAll(async () => api.close());

  const sign = (options: TokenOptions = {}): string =>
    signToken(NOW, { ...options, claims: { iss: 'https://host.example', ...options.claims } });

  it.each<[string, TokenOptions]>([
    ['as agreed', {}],
    ['for exactly 24 hours', { expiresIn: 24 * HOUR }],
    ['for several audiences, ours among them', { claims: { aud: ['other', 'fairshare'] } }],
    ['with further scopes', { scope: 'affiliate host other' }],
    ['that became valid a moment ago', { claims: { nbf: NOW.getTime() / 1000 } }],
  ])('is accepted when it is %s', async (_title, options) => {
    expect(await statusOf(api, sign(options))).toBe(200);
  });

  it.each<[string, TokenOptions]>([
    ['has alg none', { algorithm: 'none' }],
    ['is signed with another secret', { key: 'another-secret-that-is-long-enough-for-hs256' }],
    ['is signed with another algorithm of the same family', { algorithm: 'HS512' }],
    ['is signed with RS256', { algorithm: 'RS256', key: rsa.privateKey }],
    ['is for another audience', { claims: { aud: 'somebody-else' } }],
    ['has no audience', { claims: { aud: undefined } }],
    ['is from another issuer', { claims: { iss: 'https://evil.example' } }],
    ['has no issuer', { claims: { iss: undefined } }],
    ['has no expiry', { expiresIn: null }],
    ['has expired', { expiresIn: -1 }],
    ['expires this second', { expiresIn: 0 }],
    ['expires more than 24 hours from now', { expiresIn: 24 * HOUR + 60 }],
    ['has an expiry that is no number', { claims: { exp: undefined, expires: '9999999999' } }],
    ['is not valid yet', { claims: { nbf: NOW.getTime() / 1000 + 60 } }],
    ['has no subject', { claims: { sub: undefined } }],
    ['has an empty subject', { subject: '' }],
    ['has a blank subject', { subject: '  ' }],
    ['has a subject that no database can store', { subject: 'a\0b' }],
    ['has an endless subject', { subject: 'a'.repeat(256) }],
  ])('is refused with 401 when it %s', async (_title, options) => {
    const response = await api.request<ErrorBody>('GET', '/v1/plans', { token: sign(options) });
    expect([response.status, response.body.error.code]).toEqual([401, 'unauthorized']);
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
  });

  it.each(['garbage', 'a.b.c', `${signToken(NOW)}x`, 'Bearer'])('is refused with 401 when it is %j', async (token) => {
    expect(await statusOf(api, token)).toBe(401);
  });

  it('is refused when another scheme carries it, or nothing does', async () => {
    const others: Record<string, string>[] = [
      { authorization: `Basic ${sign()}` },
      { authorization: sign() },
      { authorization: '' },
      { cookie: `token=${sign()}` },
      {},
    ];
    for (const headers of others) {
      expect((await api.request('GET', '/v1/plans', { token: '', headers })).status).toBe(401);
    }
    expect((await api.request('GET', `/v1/plans?access_token=${sign()}`, { token: '' })).status).toBe(401);
  });

  it('is judged by the injected clock', async () => {
    const token = sign();
    api.clock.advance(HOUR * 1000);
    expect(await statusOf(api, token)).toBe(401);
    api.clock.set(NOW);
    expect(await statusOf(api, token)).toBe(200);
  });
});

describe('a scope', () => {
  let api: TestApp;

  beforeAll(async () => {
    api = await startTestApp();
    await api.request('POST', '/v1/affiliates', { body: { userId: 'ann', name: 'Ann' } });
  });
  afterAll(async () => api.close());

  it.each([
    ['host', '/v1/plans', 200],
    ['host', '/v1/me', 403],
    ['affiliate', '/v1/me', 200],
    ['affiliate', '/v1/plans', 403],
    ['affiliate', '/v1/affiliates', 403],
    ['host affiliate', '/v1/me', 200],
    ['host affiliate', '/v1/plans', 200],
    ['', '/v1/plans', 403],
    ['hosts', '/v1/plans', 403],
    ['HOST', '/v1/plans', 403],
  ])('%j on %s is answered %i', async (scope, path, status) => {
    const response = await api.request<ErrorBody>('GET', path, { token: api.token(scope, 'ann') });
    expect(response.status).toBe(status);
    if (status === 403) expect(response.body.error.code).toBe('forbidden');
  });

  it('that is no string grants nothing', async () => {
    for (const scope of [['host'], { host: true }, 1, null, undefined]) {
      expect(await statusOf(api, api.token('host', 'ann', { claims: { scope } }))).toBe(403);
    }
  });
});

describe('a route', () => {
  let api: TestApp;
  let guard: AccessGuard;

  beforeAll(async () => {
    api = await startTestApp();
    const get = <T>(type: Type<T>): T => api.app.get(type, { strict: false });
    guard = new AccessGuard(new Reflector(), api.config, get(TokenGuard), get(DashboardSessions), get(RateLimiter));
  });
  afterAll(async () => api.close());

  const admits = (url: string): unknown =>
    guard.canActivate({
      getHandler: () => () => undefined,
      getClass: () => Object,
      switchToHttp: () => ({ getRequest: () => ({ routeOptions: { url }, headers: {} }) }),
    } as unknown as ExecutionContext);

  it.each(['/v1', '/v1/forgotten', '/v1/forgotten/:id'])(
    'of the API that forgot to say who may call it is closed: %s',
    (url) => {
      expect(() => admits(url)).toThrow('Nobody may call this route.');
    },
  );

  it('beside the API is open', () => {
    expect([admits('/health/live'), admits('/v10')]).toEqual([true, true]);
  });
});

describe('a public key', () => {
  it.each([
    ['RS256', rsa],
    ['ES256', ec],
  ] as const)('of %s verifies its own tokens and nothing else', async (algorithm, pair) => {
    const api = await startTestApp({ env: { JWT_PUBLIC_KEY: pem(pair.publicKey) } });
    try {
      expect(await statusOf(api, signToken(NOW, { algorithm, key: pair.privateKey }))).toBe(200);
      const other =
        algorithm === 'RS256'
          ? { algorithm: 'ES256' as const, key: ec.privateKey }
          : { algorithm: 'RS256' as const, key: rsa.privateKey };
      expect(await statusOf(api, signToken(NOW, other))).toBe(401);
      expect(await statusOf(api, signToken(NOW, { algorithm: 'none' }))).toBe(401);
      expect(await statusOf(api, signToken(NOW))).toBe(401);
      // The classic confusion: the public key, which everybody may know, as the secret of an HMAC.
      expect(await statusOf(api, confusedToken(pem(pair.publicKey)))).toBe(401);
      expect(await statusOf(api, confusedToken(pem(pair.publicKey).trim()))).toBe(401);
      expect(await statusOf(api, confusedToken(DEMO.jwtSecret))).toBe(401);
    } finally {
      await api.close();
    }
  });
});

describe('a JWKS address', () => {
  let api: TestApp;
  let server: Server;
  let fetches = 0;
  let isDown = false;
  let url: string;
  const keys: object[] = [
    { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa-1', use: 'sig', alg: 'RS256' },
    { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec-1', use: 'sig' },
    { kty: 'oct', k: Buffer.from('a-symmetric-key-has-no-business-here').toString('base64url'), kid: 'oct-1' },
  ];

  beforeAll(async () => {
    server = createServer((_request, response) => {
      fetches++;
      response.writeHead(isDown ? 500 : 200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    api = await startTestApp({ env: { JWT_JWKS_URL: url } });
  });
  afterAll(async () => {
    await api.close();
    server.close();
  });

  it('that does not answer leaves every token undecided', async () => {
    isDown = true;
    const response = await api.request<ErrorBody>('GET', '/v1/plans', {
      token: signToken(NOW, { algorithm: 'RS256', key: rsa.privateKey, keyId: 'rsa-1' }),
    });
    expect([response.status, response.body.error.code, response.headers.has('retry-after')]).toEqual([
      503,
      'jwks_unavailable',
      true,
    ]);
    isDown = false;
  });

  it('gives the keys, a few times at most, whoever guesses at key ids', async () => {
    fetches = 0;
    expect(await statusOf(api, signToken(NOW, { algorithm: 'RS256', key: rsa.privateKey, keyId: 'rsa-1' }))).toBe(200);
    expect(await statusOf(api, signToken(NOW, { algorithm: 'ES256', key: ec.privateKey, keyId: 'ec-1' }))).toBe(200);
    for (let i = 0; i < 20; i++) {
      expect(
        await statusOf(api, signToken(NOW, { algorithm: 'RS256', key: otherRsa.privateKey, keyId: `guess-${i}` })),
      ).toBe(401);
    }
    expect(fetches).toBe(6);
  });

  it('that changes its key is understood at once, also right after the old one was fetched', async () => {
    const before = await startTestApp({ env: { JWT_JWKS_URL: url } });
    try {
      const changed = { algorithm: 'RS256' as const, key: otherRsa.privateKey, keyId: 'rsa-2' };
      expect(await statusOf(before, signToken(NOW, { ...changed, key: rsa.privateKey, keyId: 'rsa-1' }))).toBe(200);
      expect(await statusOf(before, signToken(NOW, changed))).toBe(401);
      keys.push({ ...otherRsa.publicKey.export({ format: 'jwk' }), kid: 'rsa-2', use: 'sig', alg: 'RS256' });
      expect(await statusOf(before, signToken(NOW, changed))).toBe(200);
    } finally {
      keys.pop();
      await before.close();
    }
  });

  it('that stops answering is done without for a day, and told of a withdrawn key as soon as it answers', async () => {
    const clock = new FakeClock(NOW);
    const service = await startTestApp({ clock, env: { JWT_JWKS_URL: url } });
    const status = (keyId = 'rsa-1', key = rsa.privateKey): Promise<number> =>
      statusOf(service, signToken(clock.now(), { algorithm: 'RS256', key, keyId }));
    try {
      expect(await status()).toBe(200);
      isDown = true;
      fetches = 0;
      clock.advance(10 * MINUTE_MS);
      // Asked once, not by each request.
      expect([await status(), await status(), fetches]).toEqual([200, 200, 1]);
      expect(await status('rsa-1', otherRsa.privateKey)).toBe(401);
      expect(await status('rsa-9')).toBe(503);
      clock.advance(HOUR * 1000 * 23);
      expect(await status()).toBe(200);
      clock.advance(HOUR * 1000);
      expect(await status()).toBe(503);
      isDown = false;
      expect(await status()).toBe(200);

      isDown = true;
      clock.advance(10 * MINUTE_MS);
      expect(await status()).toBe(200);
      isDown = false;
      const [withdrawn] = keys.splice(0, 1);
      clock.advance(30_000);
      expect(await status()).toBe(401);
      keys.unshift(withdrawn!);
    } finally {
      isDown = false;
      await service.close();
    }
  });

  it.each<[string, TokenOptions]>([
    ['signed by a stranger under a known id', { algorithm: 'RS256', key: otherRsa.privateKey, keyId: 'rsa-1' }],
    ['of an algorithm that does not fit the key', { algorithm: 'ES256', key: ec.privateKey, keyId: 'rsa-1' }],
    ['of another algorithm of the key', { algorithm: 'RS512', key: rsa.privateKey, keyId: 'rsa-1' }],
    [
      'signed with a symmetric key',
      { algorithm: 'HS256', key: 'a-symmetric-key-has-no-business-here', keyId: 'oct-1' },
    ],
    [
      'signed with the public key as a secret',
      { algorithm: 'HS256', key: pem(rsa.publicKey).slice(0, 64), keyId: 'rsa-1' },
    ],
    ['not signed at all', { algorithm: 'none', keyId: 'rsa-1' }],
  ])('does not help a token %s', async (_title, options) => {
    expect(await statusOf(api, signToken(NOW, options))).toBe(401);
  });
});

/** By hand: the library refuses to sign with a PEM as a secret, which an attacker's does not. */
function confusedToken(secret: string): string {
  const nowSeconds = NOW.getTime() / 1000;
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const payload = { aud: 'fairshare', sub: 'evil', scope: 'host', exp: nowSeconds + HOUR };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(payload)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
