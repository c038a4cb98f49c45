import { connect, type Socket } from 'node:net';
import type { ErrorBody } from '../../../src/http/error-response.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';

let api: TestApp;

beforeAll(async () => {
  api = await startTestApp();
});
afterAll(async () => api.close());

const GOOD = { userId: 'u', name: 'Ann' };
const post = (body: unknown, headers?: Record<string, string>): Promise<TestResponse<ErrorBody>> =>
  api.request('POST', '/v1/affiliates', { body, headers });
const written = (): Promise<number> => api.database.prisma.affiliate.count();

describe('a hostile body', () => {
  const deep = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

  it.each<[string, unknown, string]>([
    ['a null character', { ...GOOD, name: 'A\0nn' }, 'invalid_request'],
    ['a null character in a field name', { ...GOOD, 'a\0b': 1 }, 'invalid_request'],
    ['half a surrogate pair', '{"userId":"u","name":"\\ud800"}', 'invalid_request'],
    ['a number beyond 2^53', '{"userId":"u","name":"Ann","commissionRateBps":9007199254740993}', 'invalid_request'],
    ['a number beyond all numbers', '{"userId":"u","name":"Ann","commissionRateBps":1e999}', 'invalid_request'],
    ['a number as text', { ...GOOD, commissionRateBps: '2000' }, 'invalid_request'],
    ['an object where text belongs', { ...GOOD, name: { $ne: null } }, 'invalid_request'],
    ['a list where text belongs', { ...GOOD, name: ['Ann'] }, 'invalid_request'],
    ['a truth value where text belongs', { ...GOOD, userId: true }, 'invalid_request'],
    ['nesting', `{"userId":"u","name":"Ann","x":${deep(200)}}`, 'invalid_request'],
    ['nesting without end', deep(100_000), 'invalid_request'],
    ['lists without end', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'invalid_request'],
    ['__proto__', '{"userId":"u","name":"Ann","__proto__":{"isAdmin":true}}', 'invalid_request'],
    ['constructor', '{"userId":"u","name":"Ann","constructor":{"prototype":{"isAdmin":true}}}', 'invalid_request'],
    ['a list instead of an object', [GOOD], 'invalid_request'],
    ['null instead of an object', 'null', 'invalid_request'],
    ['text instead of an object', '"hello"', 'invalid_request'],
    ['an endless name', { ...GOOD, name: 'a'.repeat(201) }, 'invalid_request'],
    ['an endless user id', { ...GOOD, userId: 'a'.repeat(256) }, 'invalid_request'],
    ['no fields', {}, 'invalid_request'],
    ['nothing', '', 'invalid_request'],
    ['half of its JSON', '{"userId":"u"', 'malformed_json'],
    ['JavaScript', "{userId:'u'}", 'malformed_json'],
    ['a byte order of its own', Buffer.from('{"userId":"u","name":"Ann"}', 'utf16le'), 'malformed_json'],
  ])('with %s is refused with 400 and leaves nothing behind', async (_title, body, code) => {
    const before = await written();
    const response = await post(body);
    expect([response.status, response.body.error.code]).toEqual([400, code]);
    expect(await written()).toBe(before);
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
  });

  it('names each field that is wrong, unknown ones too', async () => {
    const { body } = await post({ name: '', email: 'x', isAdmin: true, stripeAccountId: 'acct_1' });
    expect(Object.keys(body.error.details['fields'] as object).sort()).toEqual([
      'email',
      'isAdmin',
      'name',
      'stripeAccountId',
      'userId',
    ]);
    for (const part of ['userId', 'name', 'email', 'unknown field "isAdmin"', 'unknown field "stripeAccountId"']) {
      expect(body.error.message).toContain(part);
    }
  });

  it.each([
    ['/v1/affiliates?status=active&status=pending', 'status is given more than once.'],
    [
      '/v1/commissions?affiliateId=aff_1&affiliateId=aff_2&state=held&state=paid',
      'affiliateId is given more than once; state is given more than once.',
    ],
    ['/v1/affiliates/aff_1/stats?from=2026-02-30&to=2026-03-01', 'from must be a date such as 2026-12-01.'],
    ['/v1/webhook-deliveries?endpointId=mine', 'endpointId must be an id such as whe_01kb6xj3v5e0r8m2n4p6q8s0t2.'],
  ])('for a query such as %s says once what is wrong', async (path, message) => {
    const { status, body } = await api.request<ErrorBody>('GET', path);
    expect([status, body.error.code, body.error.message]).toEqual([400, 'invalid_request', message]);
  });

  it('of more than 1 MiB is refused with 413, of almost 1 MiB for what is in it', async () => {
    const sized = (bytes: number): string => JSON.stringify({ ...GOOD, name: 'a'.repeat(bytes) });
    const over = await post(sized(1024 * 1024));
    expect([over.status, over.body.error.code]).toEqual([413, 'body_too_large']);
    expect((await post(sized(1024 * 1024 - 100))).status).toBe(400);
  });

  it.each([
    'text/plain',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'no-type',
  ])('of type %s is refused with 415', async (type) => {
    const response = await post('userId=u&name=Ann', { 'content-type': type });
    expect([response.status, response.body.error.code]).toEqual([415, 'unsupported_media_type']);
  });

  it('in JSON may name its charset', async () => {
    expect(
      (await post({ userId: 'charset', name: 'Ann' }, { 'content-type': 'application/json; charset=utf-8' })).status,
    ).toBe(201);
  });
});

describe('a hostile address', () => {
  it.each([
    ['/v1/affiliates/%00', 400, 'invalid_request'],
    ['/v1/affiliates?userId=%00', 400, 'invalid_request'],
    ['/v1/affiliates/%ff', 400, 'invalid_request'],
    ['/v1/affiliates/%', 400, 'invalid_request'],
    ['/v1/affiliates/%ED%A0%80', 400, 'invalid_request'],
    [`/v1/affiliates/${'a'.repeat(2000)}`, 414, 'uri_too_long'],
    ["/v1/affiliates/x'%20OR%201=1--", 404, 'affiliate_not_found'],
    ['/v1/affiliates/__proto__', 404, 'affiliate_not_found'],
    ['/v1/affiliates?__proto__[x]=1', 400, 'invalid_request'],
    ['/v1/affiliates?constructor=1', 400, 'invalid_request'],
    [`/v1/affiliates?userId=${'a'.repeat(256)}`, 400, 'invalid_request'],
    ['/v1/affiliates?limit=1e999', 400, 'invalid_request'],
    ['/v1/affiliates?unknown=1', 400, 'invalid_request'],
    ['/v1/nothing', 404, 'route_not_found'],
    ['/', 404, 'route_not_found'],
    ['//v1/plans', 404, 'route_not_found'],
    ['/V1/plans', 404, 'route_not_found'],
  ])('%s is answered %i %s', async (path, status, code) => {
    const response = await api.request<ErrorBody>('GET', path);
    expect([response.status, response.body.error.code]).toEqual([status, code]);
  });

  it('of an unknown route is 404 whatever is sent to it', async () => {
    const response = await api.request<ErrorBody>('POST', '/v1/nothing', {
      body: '<xml/>',
      headers: { 'content-type': 'text/xml' },
    });
    expect([response.status, response.body.error.code]).toEqual([404, 'route_not_found']);
  });
});

describe('every error', () => {
  it('has the same envelope and says nothing of its inside', async () => {
    const responses = [
      await post('{'),
      await api.request<ErrorBody>('GET', '/v1/plans', { token: '' }),
      await api.request<ErrorBody>('GET', '/v1/me'),
      await api.request<ErrorBody>('GET', '/v1/affiliates/aff_x'),
      await api.request<ErrorBody>('GET', '/v1/affiliates/%ff'),
      await post({ ...GOOD, code: 'ADMIN' }),
    ];
    expect(responses.map(({ status }) => status)).toEqual([400, 401, 403, 404, 400, 422]);
    for (const { body, text, headers } of responses) {
      expect(Object.keys(body)).toEqual(['error']);
      expect(Object.keys(body.error)).toEqual(['code', 'message', 'details', 'requestId']);
      expect(body.error.requestId).toBe(headers.get('x-request-id'));
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(text).not.toMatch(/node_modules|prisma|SELECT|\.ts:|\.js:|FST_ERR/i);
    }
  });

  it('of ours is a 500 without its reason', async () => {
    const pool = api.database.prisma.plan;
    const original = pool.findMany;
    Object.assign(pool, { findMany: () => Promise.reject(new Error('secret detail of alice@example.com')) });
    const response = await api.request<ErrorBody>('GET', '/v1/plans');
    Object.assign(pool, { findMany: original });
    expect([response.status, response.body.error.code]).toEqual([500, 'internal_error']);
    expect(response.text).not.toContain('secret');
  });
});

describe('request ids', () => {
  it('are taken over when sane, else made', async () => {
    const idFor = async (given?: string): Promise<string | null> =>
      (
        await api.request('GET', '/v1/plans', { headers: given === undefined ? {} : { 'x-request-id': given } })
      ).headers.get('x-request-id');
    expect(await idFor('my-id_1')).toBe('my-id_1');
    for (const bad of ['has space', 'a'.repeat(65), '<script>', '']) expect(await idFor(bad)).toMatch(/^req_\w+$/);
    expect(await idFor()).not.toBe(await idFor());
  });
});

describe('what no server can read', () => {
  it.each([
    ['other bytes', '\x16\x03\x01 not http\r\n\r\n', 400, 'invalid_request'],
    ['a method that does not exist', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'invalid_request'],
    ['endless headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ])('%s is answered like every other error, and the connection closed', async (_title, bytes, status, code) => {
    const answer = await new Promise<string>((resolve, reject) => {
      const { port } = new URL(api.url);
      let received = '';
      connect(Number(port), '127.0.0.1', function (this: Socket) {
        this.write(bytes);
      })
        .on('data', (data: Buffer) => (received += data.toString()))
        .on('error', reject)
        .on('close', () => resolve(received));
    });
    const [head = '', text = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    const { error } = JSON.parse(text) as ErrorBody;
    expect(error).toMatchObject({ code, details: {}, requestId: expect.stringMatching(/^req_\w+$/) as string });
    expect(head).toContain(`X-Request-Id: ${error.requestId}`);
    expect((await api.request('GET', '/health/live')).status).toBe(200);
  });
});
