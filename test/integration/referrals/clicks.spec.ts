import { firstIdAt } from '../../../src/common/ids.js';
import { GroupCommit, GroupCommitOverloadedError } from '../../../src/database/group-commit.js';
import type { ErrorBody } from '../../../src/http/error-response.js';
import { ClickConnections } from '../../../src/referrals/clicks/click-connections.js';
import { ClickWriter } from '../../../src/referrals/clicks/click-writer.js';
import type { ClickDto } from '../../../src/referrals/clicks/click.dto.js';
import { countClicks } from '../../../src/referrals/clicks/count-clicks.js';
import type { NewClick } from '../../../src/referrals/clicks/insert-clicks.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { BROWSER, createAffiliate, suspend, visit } from './visits.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const ORIGIN = 'https://app.example.com';

let api: TestApp;

beforeAll(async () => {
  api = await startTestApp({ env: { TRUST_PROXY: '1' } });
});
afterAll(async () => api.close());

const post = (body: unknown, headers: Record<string, string> = {}): Promise<TestResponse<ClickDto & ErrorBody>> =>
  api.request('POST', '/v1/clicks', { body, headers });
const fromSnippet = (
  body: unknown,
  headers: Record<string, string> = {},
): Promise<TestResponse<ClickDto & ErrorBody>> =>
  api.request('POST', '/v1/clicks', {
    body,
    token: '',
    headers: { origin: ORIGIN, 'user-agent': BROWSER, ...headers },
  });
const storedClick = (id: string) => api.database.prisma.click.findUniqueOrThrow({ where: { id } });
type Days = [day: string, clicks: number, uniqueClicks: number][];
/** As everybody who asks is told, whatever is still to be counted. */
const daysNow = async (affiliateId: string): Promise<Days> => {
  const { rows } = await api.database.pool.query<{ day: string; clicks: number; uniques: number }>(
    `SELECT day::text, sum(clicks)::int AS clicks, sum(unique_clicks)::int AS uniques FROM click_days_now
     WHERE affiliate_id = $1 GROUP BY 1 ORDER BY 1`,
    [affiliateId],
  );
  return rows.map(({ day, clicks, uniques }) => [day, clicks, uniques]);
};
/** The same once all is counted, which must change nothing. */
const daysOf = async (affiliateId: string): Promise<Days> => {
  const now = await daysNow(affiliateId);
  await countClicks(api.database.prisma);
  const days = await api.database.prisma.clickDay.findMany({ where: { affiliateId }, orderBy: { day: 'asc' } });
  const counted = days.map(({ day, clicks, uniqueClicks }): Days[number] => [
    day.toISOString().slice(0, 10),
    clicks,
    uniqueClicks,
  ]);
  expect(now).toEqual(counted);
  return counted;
};

/** What becomes of so many clicks, and by which statements they are written: none of those ends before all clicks have come. */
async function watchingFlushes<T>(
  { app }: TestApp,
  count: number,
  click: () => Promise<T>,
): Promise<{ result: T; flushes: { clicks: number }[] }> {
  const flushes: { clicks: number }[] = [];
  let come = 0;
  let open = (): void => undefined;
  const allHaveCome = new Promise<void>((resolve) => (open = resolve));
  const writer = app.get(ClickWriter);
  const write = writer.write.bind(writer);
  writer.write = (click) => {
    come += 1;
    if (come === count) open();
    return write(click);
  };
  const connections = app.get(ClickConnections);
  const query = connections.query.bind(connections);
  connections.query = async (statement) => {
    if (statement.name === 'insert_clicks') {
      flushes.push({ clicks: String(statement.values?.[0]).split(',').length });
      await allHaveCome;
    }
    return query(statement);
  };
  try {
    return { result: await click(), flushes };
  } finally {
    Reflect.deleteProperty(writer, 'write');
    Reflect.deleteProperty(connections, 'query');
  }
}

describe('POST /v1/clicks', () => {
  it("records a click of the host's server with what it says of the visitor", async () => {
    const { id, code } = await createAffiliate(api);
    const { status, body } = await post({
      code: code.toLowerCase(),
      url: 'https://app.example.com/pricing?x=1',
      referrer: 'https://news.example/',
      ip: '2001:db8::1',
      userAgent: 'Any/1.0',
      subId: 'a',
    });
    expect([status, body]).toEqual([
      201,
      {
        clickId: expect.stringMatching(/^clk_[0-9a-z]{26}$/) as string,
        expiresAt: new Date(api.clock.now().getTime() + 30 * DAY_MS).toISOString(),
      },
    ]);
    expect(await storedClick(body.clickId)).toMatchObject({
      affiliateId: id,
      code,
      source: 'host',
      url: 'https://app.example.com/pricing?x=1',
      referrer: 'https://news.example/',
      userAgent: 'Any/1.0',
      subId: 'a',
    });
  });

  it('needs nothing but the code; empty texts are nothing', async () => {
    const { code } = await createAffiliate(api);
    const { status, body } = await post({ code, url: '', referrer: '', ip: null, userAgent: '', subId: '' });
    expect(status).toBe(201);
    expect(await storedClick(body.clickId)).toMatchObject({
      url: null,
      referrer: null,
      userAgent: null,
      subId: null,
      ipHash: null,
    });
  });

  it('refuses a code that credits nobody', async () => {
    const suspended = await createAffiliate(api);
    await suspend(api, suspended);
    const pending = await createAffiliate(api, { status: 'pending' });
    for (const code of ['NO-SUCH-CODE', '🎁', suspended.code, pending.code]) {
      const { status, body } = await post({ code });
      expect([status, body.error.code]).toEqual([422, 'code_not_active']);
    }
  });

  it('takes a code the moment its affiliate was made or changed, however often it was tried before', async () => {
    expect((await post({ code: 'FRESH-ONE' })).status).toBe(422);
    const { id } = await createAffiliate(api, { code: 'FRESH-ONE', status: 'pending' });
    expect((await post({ code: 'FRESH-ONE' })).status).toBe(422);
    for (const [change, status] of [
      ['active', 201],
      ['suspended', 422],
      ['active', 201],
    ] as const) {
      await api.request('PATCH', `/v1/affiliates/${id}`, { body: { status: change } });
      expect((await post({ code: 'FRESH-ONE' })).status).toBe(status);
    }
  });

  it.each([
    ['no code', {}],
    ['a code that is no text', { code: 7 }],
    ['an address that is none', { code: 'ABC', ip: '1.2.3' }],
    ['a URL without a scheme', { code: 'ABC', url: 'app.example.com' }],
    ['a URL of another scheme', { code: 'ABC', referrer: 'javascript:alert(1)' }],
    ['a URL that is too long', { code: 'ABC', url: `https://app.example.com/${'x'.repeat(2048)}` }],
    ['a user agent that is too long', { code: 'ABC', userAgent: 'x'.repeat(513) }],
    ['a sub id that is too long', { code: 'ABC', subId: 'x'.repeat(256) }],
    ['an unknown field', { code: 'ABC', cost: 1 }],
    ['a null character', { code: 'ABC', subId: 'a\0b' }],
  ])('refuses %s', async (_title, body) => {
    expect((await post(body)).status).toBe(400);
  });

  it('with an Idempotency-Key records once', async () => {
    const { id, code } = await createAffiliate(api);
    const answers = [
      await post({ code, ip: '192.0.2.1' }, { 'idempotency-key': 'click-1' }),
      await post({ code, ip: '192.0.2.1' }, { 'idempotency-key': 'click-1' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(answers[1]?.text).toBe(answers[0]?.text);
    expect(answers[1]?.headers.get('idempotent-replayed')).toBe('true');
    expect(await daysOf(id)).toEqual([['2026-12-01', 1, 1]]);
    expect((await storedClick(answers[0]?.body.clickId ?? '')).ipHash).toHaveLength(16);
  });

  it("from the snippet takes address and browser from the connection, not from the page's word", async () => {
    const { id, code } = await createAffiliate(api);
    const first = await fromSnippet(
      { code, url: `${ORIGIN}/?ref=${code}`, ip: '8.8.8.8', userAgent: 'Fake/1.0' },
      { 'x-forwarded-for': '203.0.113.1' },
    );
    expect([first.status, first.headers.get('access-control-allow-origin')]).toEqual([201, ORIGIN]);
    expect(await storedClick(first.body.clickId)).toMatchObject({
      source: 'snippet',
      userAgent: BROWSER,
      url: `${ORIGIN}/?ref=${code}`,
    });
    // The same visitor by the redirect is the same visitor: nothing of the body went into who it was.
    await visit(api, code, { ip: '203.0.113.1' });
    expect(await daysOf(id)).toEqual([['2026-12-01', 2, 1]]);
  });

  it('without a token is for pages of allowed origins only', async () => {
    const { code } = await createAffiliate(api);
    expect((await fromSnippet({ code }, { origin: 'https://evil.example' })).status).toBe(401);
    expect(
      (await api.request('POST', '/v1/clicks', { body: { code }, token: api.token('affiliate', 'x') })).status,
    ).toBe(403);
  });
});

describe('clicks are counted', () => {
  it('uniquely by visitor and day: address and user agent, IPv6 by its /64', async () => {
    const { id, code } = await createAffiliate(api);
    await visit(api, code, { ip: '192.0.2.1' });
    await visit(api, code, { ip: '192.0.2.1' });
    await visit(api, code, { ip: '::ffff:192.0.2.1' });
    await visit(api, code, { ip: '192.0.2.1', userAgent: `${BROWSER} Edg/131` });
    await visit(api, code, { ip: '192.0.2.2' });
    await visit(api, code, { ip: '2001:db8:0:1::1' });
    await visit(api, code, { ip: '2001:db8:0:1:ffff::2' });
    await visit(api, code, { ip: '2001:db8:0:2::1' });
    await post({ code });
    await post({ code });
    expect(await daysOf(id)).toEqual([['2026-12-01', 10, 7]]);
  });

  it('exactly at any moment: when all, some or none of them are in the sums of their days', async () => {
    const { id, code } = await createAffiliate(api);
    const visits = async (...ips: string[]) => {
      for (const ip of ips) await visit(api, code, { ip });
    };
    await visits('192.0.2.1', '192.0.2.1');
    expect(await daysNow(id)).toEqual([['2026-12-01', 2, 1]]);
    expect(await daysOf(id)).toEqual([['2026-12-01', 2, 1]]);
    await visits('192.0.2.1', '192.0.2.2', '192.0.2.2');
    expect(await daysNow(id)).toEqual([['2026-12-01', 5, 2]]);
    // Whoever counts and then fails has counted nothing; who counts meanwhile waits for that, and counts all of it.
    const failed = api.database.transaction(async (tx) => {
      await countClicks(tx);
      throw new Error('after counting');
    });
    await Promise.all([expect(failed).rejects.toThrow('after counting'), countClicks(api.database.prisma)]);
    await visits('192.0.2.1');
    expect(await daysOf(id)).toEqual([['2026-12-01', 6, 2]]);
  });

  it('in the sums of their days soon, without anybody asking', async () => {
    const { id, code } = await createAffiliate(api);
    await visit(api, code, { ip: '192.0.2.1' });
    await eventually(async () => {
      expect(await api.database.prisma.clickDay.findMany({ where: { affiliateId: id } })).toMatchObject([
        { clicks: 1 },
      ]);
    });
    expect(await daysOf(id)).toEqual([['2026-12-01', 1, 1]]);
  });

  it('by UTC day, and anew on the next', async () => {
    const before = api.clock.now();
    const { id, code } = await createAffiliate(api);
    for (const at of ['2026-12-01T23:59:59.999Z', '2026-12-02T00:00:00.000Z']) {
      api.clock.set(at);
      await visit(api, code, { ip: '192.0.2.1' });
      await visit(api, code, { ip: '192.0.2.1' });
    }
    expect(await daysOf(id)).toEqual([
      ['2026-12-01', 2, 1],
      ['2026-12-02', 2, 1],
    ]);
    api.clock.set(before);
  });

  it('once a day also on the day on which the key of the hashes is replaced', async () => {
    const own = await startTestApp({ now: '2027-01-10T09:00:00Z', env: { TRUST_PROXY: '1' } });
    try {
      const { id, code } = await createAffiliate(own);
      // The key is thirty days old at nine o'clock.
      for (const at of ['2027-02-09T08:00:00Z', '2027-02-09T10:00:00Z', '2027-02-10T08:00:00Z']) {
        own.clock.set(at);
        await visit(own, code, { ip: '192.0.2.1' });
      }
      expect(await own.database.prisma.ipHashKey.count()).toBe(2);
      await countClicks(own.database.prisma);
      const days = await own.database.prisma.clickDay.findMany({ where: { affiliateId: id }, orderBy: { day: 'asc' } });
      expect(days.map(({ clicks, uniqueClicks }) => [clicks, uniqueClicks])).toEqual([
        [2, 1],
        [1, 1],
      ]);
    } finally {
      await own.close();
    }
  });

  it('in the partition of their month, in whatever year the clock stands', async () => {
    const own = await startTestApp({ now: '2031-01-31T23:59:59.999Z' });
    try {
      const { code } = await createAffiliate(own);
      const ids: string[] = [];
      for (const at of [
        '2031-01-31T23:59:59.999Z',
        '2031-02-01T00:00:00.000Z',
        '2031-07-15T00:00:00Z',
        '2044-02-29T12:00:00Z',
      ]) {
        own.clock.set(at);
        const { clickId } = await visit(own, code);
        expect(clickId && clickId >= firstIdAt('click', new Date(at))).toBe(true);
        ids.push(clickId ?? '');
      }
      const { rows } = await own.database.pool.query<{ partition: string }>(
        'SELECT tableoid::regclass::text AS partition FROM clicks ORDER BY id',
      );
      expect(rows.map(({ partition }) => partition)).toEqual([
        'clicks_2031_01',
        'clicks_2031_02',
        'clicks_2031_07',
        'clicks_2044_02',
      ]);
      // A clock that was put back: ids still rise, and find their partition.
      own.clock.set('2040-01-01T00:00:00Z');
      const { clickId } = await visit(own, code);
      expect(clickId && clickId > (ids.at(-1) ?? '')).toBe(true);
    } finally {
      await own.close();
    }
  });
});

describe('clicks that come at once', () => {
  it('share statements, and all are stored and counted', async () => {
    const { id, code } = await createAffiliate(api);
    await visit(api, code);
    const { result: visits, flushes } = await watchingFlushes(api, 300, () =>
      Promise.all(Array.from({ length: 300 }, (_, i) => visit(api, code, { ip: `198.51.100.${i % 100}` }))),
    );
    expect(new Set(visits.map(({ clickId }) => clickId)).size).toBe(300);
    expect(await daysOf(id)).toEqual([['2026-12-01', 301, 101]]);
    // Whoever came first, and all others together.
    expect(flushes.reduce((sum, { clicks }) => sum + clicks, 0)).toBe(300);
    expect(flushes.length).toBeLessThanOrEqual(2);
  });

  it('at two instances for the same affiliates neither deadlock nor miscount', async () => {
    const other = await startTestApp({
      databaseUrl: api.database.url,
      clock: api.clock,
      stripe: api.stripe,
      env: { TRUST_PROXY: '1' },
    });
    try {
      const affiliates = await Promise.all(Array.from({ length: 8 }, () => createAffiliate(api)));
      const visits = Array.from({ length: 1_600 }, (_, i) => {
        const { code } = affiliates[(i * 7) % affiliates.length] ?? { code: '' };
        return visit(i % 2 === 0 ? api : other, code, { ip: `198.51.100.${(i * 13) % 50}` });
      });
      expect((await Promise.all(visits)).every(({ clickId }) => clickId !== null)).toBe(true);
      await Promise.all([api, other, api].map(({ database }) => countClicks(database.prisma)));
      for (const { id } of affiliates) {
        const { rows } = await api.database.pool.query<{ clicks: number; uniques: number }>(
          `SELECT count(*)::int AS clicks, count(DISTINCT (ip_hash, user_agent))::int AS uniques FROM clicks WHERE affiliate_id = $1`,
          [id],
        );
        expect(await daysOf(id)).toEqual([['2026-12-01', rows[0]?.clicks, rows[0]?.uniques]]);
      }
      const { rows } = await api.database.pool.query(
        'SELECT sum(clicks)::int AS clicks FROM click_days WHERE affiliate_id = ANY ($1)',
        [affiliates.map(({ id }) => id)],
      );
      expect(rows).toEqual([{ clicks: 1_600 }]);
    } finally {
      await other.close();
    }
  });

  it('in a flood beyond the bound are turned away at once, and the visitors are redirected', async () => {
    const { code } = await createAffiliate(api);
    await visit(api, code);
    const writer = api.app.get(ClickWriter);
    const unlimited: unknown = Reflect.get(writer, 'group');
    // A store that has stopped answering, with room for ten.
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    Reflect.set(
      writer,
      'group',
      new GroupCommit<{ isStored: boolean }>(
        async (pending) => {
          await released;
          for (const each of pending) each.isStored = true;
        },
        { maxQueued: 10 },
      ),
    );
    try {
      const visits = Array.from({ length: 60 }, () => visit(api, code));
      // One is being written, ten wait; the others are answered while the store still sleeps.
      const answered = await firstOf(visits, 49);
      expect(answered.every(({ status, ref, clickId }) => status === 302 && ref === code && clickId === null)).toBe(
        true,
      );
      const { status, body, headers } = await post({ code });
      expect([status, body.error.code, headers.has('retry-after')]).toEqual([503, 'overloaded', true]);
      await expect(writer.write({} as NewClick)).rejects.toThrow(GroupCommitOverloadedError);
      release();
      expect((await Promise.all(visits)).filter(({ clickId }) => clickId !== null)).toHaveLength(11);
    } finally {
      release();
      Reflect.set(writer, 'group', unlimited);
    }
  });
});

/** The results of the first `count` of these promises that resolve. */
function firstOf<T>(promises: Promise<T>[], count: number): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const results: T[] = [];
    for (const promise of promises) {
      promise.then((result) => {
        results.push(result);
        if (results.length === count) resolve(results);
      }, reject);
    }
  });
}
