import type { ErrorBody } from '../../../src/http/error-response.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';

const MINUTE = 60_000;

const times = async (count: number, call: () => Promise<TestResponse<unknown>>): Promise<number[]> => {
  const statuses: number[] = [];
  for (let i = 0; i < count; i++) statuses.push((await call()).status);
  return statuses;
};

describe('rate limits', () => {
  let api: TestApp;

  beforeEach(async () => {
    api = await startTestApp({ env: { RATE_LIMIT_HOST: '5', RATE_LIMIT_PUBLIC: '3' } });
  });
  afterEach(async () => api.close());

  it('count per token subject and minute, and say when to come back', async () => {
    const call = (subject: string) => () => api.request('GET', '/v1/plans', { token: api.token('host', subject) });
    expect(await times(6, call('a'))).toEqual([200, 200, 200, 200, 200, 429]);
    expect(await times(1, call('b'))).toEqual([200]);
    api.clock.advance(20_000);
    const refused = (await call('a')()) as TestResponse<ErrorBody>;
    expect([refused.body.error.code, refused.headers.get('retry-after')]).toEqual(['rate_limited', '40']);
    api.clock.advance(40_000);
    expect(await times(1, call('a'))).toEqual([200]);
  });

  it('bound the guessing of tokens by address, without locking out a good one', async () => {
    const guess = (): Promise<TestResponse<unknown>> => api.request('GET', '/v1/plans', { token: 'guess' });
    expect(await times(5, guess)).toEqual([401, 401, 401, 429, 429]);
    expect(await times(1, () => api.request('GET', '/v1/plans', { token: '' }))).toEqual([429]);
    expect(await times(1, () => api.request('GET', '/v1/plans'))).toEqual([200]);
    api.clock.advance(MINUTE);
    expect(await times(1, guess)).toEqual([401]);
  });

  it('do not count what claims to come from elsewhere', async () => {
    let i = 0;
    const spoof = (): Promise<TestResponse<unknown>> =>
      api.request('GET', '/v1/plans', { token: 'guess', headers: { 'x-forwarded-for': `203.0.113.${++i}` } });
    expect(await times(4, spoof)).toEqual([401, 401, 401, 429]);
  });

  it('do not hold for health and metrics', async () => {
    expect(await times(10, () => api.request('GET', '/health/live', { token: '' }))).toEqual(Array(10).fill(200));
    expect(await times(10, () => api.request('GET', '/metrics', { token: '' }))).toEqual(Array(10).fill(200));
    expect(await times(4, () => api.request('GET', '/docs', { token: '' }))).toEqual([200, 200, 200, 429]);
    const refused = await api.request<ErrorBody>('GET', '/docs-json', { token: '' });
    expect([refused.body.error.code, refused.headers.get('retry-after')]).toEqual(['rate_limited', '60']);
  });
});

describe('a trusted proxy', () => {
  it.each([
    ['127.0.0.1/32', ['203.0.113.1', '203.0.113.2'], [401, 401]],
    ['1', ['203.0.113.1', '203.0.113.2'], [401, 401]],
    // Of two hops only the nearest is trusted, so what the client wrote before it does not count.
    ['1', ['6.6.6.1, 203.0.113.1', '6.6.6.2, 203.0.113.1'], [401, 429]],
    ['10.0.0.0/8', ['203.0.113.1', '203.0.113.2'], [401, 429]],
    ['0', ['203.0.113.1', '203.0.113.2'], [401, 429]],
  ])('by TRUST_PROXY=%s with %j is believed as far as it goes', async (trustProxy, forwarded, statuses) => {
    const api = await startTestApp({ env: { RATE_LIMIT_PUBLIC: '1', TRUST_PROXY: trustProxy } });
    try {
      const seen: number[] = [];
      for (const value of forwarded) {
        seen.push((await api.request('GET', '/v1/plans', { token: '', headers: { 'x-forwarded-for': value } })).status);
      }
      expect(seen).toEqual(statuses);
    } finally {
      await api.close();
    }
  });
});
