import { CodeDirectory } from '../../../src/referrals/clicks/code-directory.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { createTestDatabase } from '../../setup/database.js';
import { eventually } from '../../setup/eventually.js';
import { openLine } from './database-line.js';
import { BROWSER, createAffiliate, suspend, visit } from './visits.js';

const SITE = 'https://app.example.com';

const clicksOf = (api: TestApp, affiliateId: string): Promise<number> =>
  api.database.prisma.click.count({ where: { affiliateId } });
const metricOf = async (api: TestApp, name: string): Promise<number> => {
  const { text } = await api.request('GET', '/metrics', { token: '' });
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
};

/** The codes that are looked up from now on, whether memory answers or the database. */
function watchLookUps(directory: CodeDirectory): string[] {
  const codes: string[] = [];
  const find = directory.find.bind(directory);
  directory.find = (code) => {
    codes.push(code);
    return find(code);
  };
  return codes;
}

describe('a referral link', () => {
  let api: TestApp;

  beforeAll(async () => {
    api = await startTestApp({ env: { ALLOWED_REDIRECT_HOSTS: 'app.example.com,blog.example.com' } });
  });
  afterAll(async () => api.close());

  it('records the click and sends the visitor to the site with code and click', async () => {
    const { id, code } = await createAffiliate(api);
    const { status, location, ref, clickId, headers } = await visit(api, `${code}?sub=newsletter-7`, {
      headers: { referer: 'https://news.example/post?id=1' },
    });
    expect(status).toBe(302);
    expect([location.origin, location.pathname, ref]).toEqual([SITE, '/', code]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('referrer-policy')).toBe('strict-origin-when-cross-origin');
    const click = await api.database.prisma.click.findUniqueOrThrow({ where: { id: clickId ?? '' } });
    expect(click).toMatchObject({
      affiliateId: id,
      code,
      source: 'redirect',
      subId: 'newsletter-7',
      referrer: 'https://news.example/post?id=1',
      userAgent: BROWSER,
      occurredAt: api.clock.now(),
    });
    expect(click.ipHash).toHaveLength(16);
  });

  it('sets a first-party cookie that lasts as long as the window', async () => {
    const { code } = await createAffiliate(api);
    const { clickId, cookies } = await visit(api, code);
    expect(cookies).toEqual([`fs_click=${clickId}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax`]);
  });

  it('sets the cookie for https only where the service has https, for the configured window', async () => {
    const secure = await startTestApp({ env: { PUBLIC_URL: 'https://go.example.com', COOKIE_WINDOW_DAYS: '7' } });
    try {
      const { code } = await createAffiliate(secure);
      expect((await visit(secure, code)).cookies[0]).toMatch(
        /; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
      );
    } finally {
      await secure.close();
    }
  });

  it('answers with a redirect and nothing else, whoever it credits', async () => {
    const { code } = await createAffiliate(api);
    const always = [
      'cache-control',
      'connection',
      'content-length',
      'date',
      'keep-alive',
      'location',
      'referrer-policy',
    ];
    const namesOf = (headers: Headers): string[] => [...headers.keys()].sort();
    expect(namesOf((await visit(api, code)).headers)).toEqual([...always, 'set-cookie']);
    expect(namesOf((await visit(api, 'NOBODY')).headers)).toEqual(always);
  });

  it.each([
    ['an address below a link', 'GET', 'CODE/more', 404, 'route_not_found'],
    ['a broken encoding', 'GET', '%zz', 400, 'invalid_request'],
    ['too long a code', 'GET', 'x'.repeat(1_025), 414, 'uri_too_long'],
    ['another method', 'POST', 'CODE', 404, 'route_not_found'],
  ])('is none when it is %s: answered like any other address', async (_title, method, link, status, code) => {
    const answer = await api.request(method, `/r/${link}`, {
      token: '',
      body: method === 'POST' ? { a: 1 } : undefined,
    });
    const other = await api.request(method, '/no/such/route', { token: '' });
    expect(answer).toMatchObject({ status, body: { error: { code, requestId: answer.headers.get('x-request-id') } } });
    if (status === 404) expect([...answer.headers.keys()]).toEqual([...other.headers.keys()]);
  });

  it.each(['', '?sub=newsletter-7&to=/pricing'])(
    'is the same link with a slash at its end, before %j',
    async (query) => {
      const { id, code } = await createAffiliate(api);
      const plain = await visit(api, `${code}${query}`);
      const slashed = await visit(api, `${code}/${query}`);
      expect(slashed).toMatchObject({ status: 302, ref: code, clickId: expect.stringMatching(/^clk_/) as string });
      expect(slashed.location.pathname).toBe(plain.location.pathname);
      expect([...slashed.headers.keys()]).toEqual([...plain.headers.keys()]);
      const clicks = await api.database.prisma.click.findMany({ where: { affiliateId: id }, select: { subId: true } });
      expect(clicks).toHaveLength(2);
      expect(clicks[1]).toEqual(clicks[0]);
      expect(await visit(api, `${code}/`, { method: 'HEAD' })).toMatchObject({ status: 302, ref: code, clickId: null });
      expect(await clicksOf(api, id)).toBe(2);
    },
  );

  it('works in any case, and by a code that was changed', async () => {
    const { id, code } = await createAffiliate(api, { code: 'first-code' });
    expect(code).toBe('FIRST-CODE');
    await api.request('PATCH', `/v1/affiliates/${id}`, { body: { code: 'second-code' } });
    for (const [link, ref] of [
      ['first-Code', 'FIRST-CODE'],
      ['SECOND-code', 'SECOND-CODE'],
    ] as const) {
      expect(await visit(api, link)).toMatchObject({
        status: 302,
        ref,
        clickId: expect.stringMatching(/^clk_/) as string,
      });
    }
    expect(await clicksOf(api, id)).toBe(2);
  });

  it('leads to the page that is asked for, and keeps its query and fragment', async () => {
    const { code } = await createAffiliate(api);
    const { location, ref, clickId } = await visit(api, `${code}?to=${encodeURIComponent('/pricing?plan=pro#faq')}`);
    expect(location.href).toBe(`${SITE}/pricing?plan=pro&ref=${ref}&click_id=${clickId}#faq`);
    const other = await visit(api, `${code}?to=${encodeURIComponent('https://blog.example.com/post')}`);
    expect([other.location.host, other.location.pathname, other.ref]).toEqual(['blog.example.com', '/post', code]);
  });

  it.each([
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/%2Fevil.example',
    '%2F%2Fevil.example',
    '/\t/evil.example',
    '/\r\nLocation: https://evil.example',
    'https://evil.example',
    'https://app.example.com@evil.example',
    'https://app.example.com.evil.example',
    'https://app.example.com\\@evil.example',
    'https://аpp.example.com',
    'https://app.example.com:8443',
    'javascript:alert(1)',
    'data:text/html,x',
    '\u0000/x',
    'x'.repeat(5_000),
  ])('never leads to %j: the site itself instead, and the click counts', async (to) => {
    const { id, code } = await createAffiliate(api);
    const { status, location, ref, clickId } = await visit(api, `${code}?to=${encodeURIComponent(to)}`);
    expect([status, location.origin, location.pathname, ref]).toEqual([302, SITE, '/', code]);
    expect([await clicksOf(api, id), clickId]).toEqual([1, expect.stringMatching(/^clk_/)]);
  });

  it('ignores parameters that it does not know, and repeated ones', async () => {
    const { code } = await createAffiliate(api);
    const { location, clickId } = await visit(api, `${code}?utm_source=x&to=/a&to=/b&sub=1&sub=2&__proto__=x`);
    expect([location.pathname, clickId]).toEqual(['/', expect.stringMatching(/^clk_/)]);
  });

  it('stores what a hostile visitor sends within its limits', async () => {
    const { code } = await createAffiliate(api);
    const quoted = `{"a\\b",NULL}'); DROP TABLE clicks; --`;
    const first = await visit(api, `${code}?sub=${encodeURIComponent(quoted)}`, { userAgent: `${BROWSER} "\\{},é` });
    const stored = await api.database.prisma.click.findUniqueOrThrow({ where: { id: first.clickId ?? '' } });
    expect([stored.subId, stored.userAgent]).toEqual([quoted, `${BROWSER} "\\{},é`]);
    const second = await visit(api, `${code}?sub=${'é'.repeat(300)}`, { userAgent: `${BROWSER} ${'x'.repeat(2_000)}` });
    const cut = await api.database.prisma.click.findUniqueOrThrow({ where: { id: second.clickId ?? '' } });
    expect([cut.subId, cut.userAgent?.length]).toEqual(['é'.repeat(255), 512]);
    const third = await visit(api, `${code}?sub=a%00b`);
    expect(await api.database.prisma.click.findUniqueOrThrow({ where: { id: third.clickId ?? '' } })).toMatchObject({
      subId: null,
    });
  });

  it.each(['NO-SUCH-CODE', 'x', 'a b c', 'x'.repeat(200), '🎁', '../../etc', 'a\r\nb', 'null', 'ÖÖÖ', 'ıııı'])(
    'leads to the site without a code when it is %j',
    async (link) => {
      const { status, location, cookies } = await visit(api, `${encodeURIComponent(link)}?to=/pricing`);
      expect([status, location.href, cookies]).toEqual([302, `${SITE}/`, []]);
    },
  );

  it('of a pending or suspended affiliate credits nobody', async () => {
    const pending = await createAffiliate(api, { status: 'pending' });
    const suspended = await createAffiliate(api);
    await suspend(api, suspended);
    for (const { id, code } of [pending, suspended]) {
      const { status, location, cookies } = await visit(api, code);
      expect([status, location.href, cookies, await clicksOf(api, id)]).toEqual([302, `${SITE}/`, [], 0]);
    }
  });

  it.each([
    ['a bot', { userAgent: 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' }],
    ['a program', { userAgent: 'curl/8.5.0' }],
    ['a link preview', { userAgent: 'WhatsApp/2.23.20.0' }],
    ['HEAD', { method: 'HEAD' }],
  ])('redirects %s without counting it', async (_title, options) => {
    const { id, code } = await createAffiliate(api);
    const { status, ref, clickId, cookies } = await visit(api, code, options);
    expect([status, ref, clickId, cookies, await clicksOf(api, id)]).toEqual([302, code, null, [], 0]);
  });

  it('works the moment its code was made, also when somebody tried it before', async () => {
    expect((await visit(api, 'EARLY-BIRD')).ref).toBeNull();
    await createAffiliate(api, { code: 'EARLY-BIRD' });
    expect((await visit(api, 'EARLY-BIRD')).ref).toBe('EARLY-BIRD');
  });

  it('stops crediting at once when the affiliate is suspended by another instance, and starts again at once', async () => {
    const { id, code } = await createAffiliate(api);
    const other = await startTestApp({ databaseUrl: api.database.url, clock: api.clock, stripe: api.stripe });
    try {
      // What this instance remembers is out of date for a moment, and must not matter.
      for (let round = 1; round <= 10; round++) {
        expect((await visit(api, code)).ref).toBe(code);
        await other.request('PATCH', `/v1/affiliates/${id}`, { body: { status: 'suspended' } });
        expect(await visit(api, code)).toMatchObject({ ref: null, clickId: null, cookies: [] });
        await other.request('PATCH', `/v1/affiliates/${id}`, { body: { status: 'active' } });
        expect(await clicksOf(api, id)).toBe(round);
      }
    } finally {
      await other.close();
    }
  });
});

describe('guesses at codes', () => {
  let api: TestApp;

  beforeAll(async () => {
    api = await startTestApp({ env: { RATE_LIMIT_PUBLIC: '20', TRUST_PROXY: '1' } });
  });
  afterAll(async () => api.close());

  it('past the limit are redirected without a look-up, while known codes go on working', async () => {
    const { code } = await createAffiliate(api);
    const looked = watchLookUps(api.app.get(CodeDirectory));
    const attacker = { ip: '203.0.113.9' };
    for (let guess = 0; guess < 50; guess++) {
      const { status, location } = await visit(api, `GUESS-${guess}`, attacker);
      expect([status, location.href]).toEqual([302, `${SITE}/`]);
    }
    expect(looked).toEqual(Array.from({ length: 20 }, (_, guess) => `GUESS-${guess}`));
    for (let i = 0; i < 50; i++) expect((await visit(api, code, attacker)).ref).toBe(code);
    // Somebody else's guesses are counted apart; after a minute the first may guess again.
    await visit(api, 'GUESS-X', { ip: '203.0.113.10' });
    api.clock.advance(60_000);
    await visit(api, 'GUESS-Y', attacker);
    expect(looked.filter((each) => each !== code).slice(20)).toEqual(['GUESS-X', 'GUESS-Y']);
  });

  it('keep a bounded memory', async () => {
    const directory = api.app.get(CodeDirectory);
    await Promise.all(Array.from({ length: 15_000 }, async (_, i) => directory.find(`FLOOD-${i}`)));
    expect(Reflect.get(directory, 'waiting')).toMatchObject({ size: 0 });
    expect(Reflect.get(directory, 'inFlight')).toMatchObject({ size: 0 });
    expect(directory.isKnown('FLOOD-1')).toBe(false);
    const flood = await Promise.allSettled(
      Array.from({ length: 25_000 }, async (_, i) => directory.find(`FLOOD-${i}`)),
    );
    expect(flood.filter(({ status }) => status === 'rejected')).toHaveLength(5_000);
  });
});

describe('visitors while the database', () => {
  it('is gone are redirected with the code, and their loss is counted; then everything recovers', async () => {
    const database = await createTestDatabase();
    const line = await openLine(new URL(database.url));
    const api = await startTestApp({ databaseUrl: line.url });
    try {
      const affiliate = await createAffiliate(api);
      const { code } = affiliate;
      expect((await visit(api, code)).clickId).not.toBeNull();
      const suspended = await createAffiliate(api);
      await suspend(api, suspended);
      // What is looked up while it changes is not remembered.
      await eventually(async () => {
        expect((await visit(api, suspended.code)).ref).toBeNull();
        expect(api.app.get(CodeDirectory).lastKnown(suspended.code)).toMatchObject({ active: false });
      });
      line.cut();
      for (const link of [code, 'NEVER-SEEN']) {
        expect(await visit(api, `${link}?to=/pricing`)).toMatchObject({
          status: 302,
          ref: link,
          clickId: null,
          cookies: [],
        });
      }
      // Who was suspended when last heard of is not credited meanwhile, and nothing is lost by that.
      expect(await visit(api, suspended.code)).toMatchObject({ status: 302, ref: null, clickId: null, cookies: [] });
      expect(await metricOf(api, 'fairshare_clicks_lost_total')).toBe(2);
      await line.mend();
      await eventually(async () => expect((await visit(api, code)).clickId).not.toBeNull());
      // The listener is back too: a change is heard of again.
      await eventually(async () => expect(Reflect.get(api.app.get(CodeDirectory), 'listening')).toBe(true));
      await suspend(api, affiliate);
      expect((await visit(api, code)).ref).toBeNull();
    } finally {
      await api.close();
      line.cut();
      await database.drop();
    }
  });

  it('is silent wait a few seconds, all at once and not one after the other', async () => {
    const database = await createTestDatabase();
    const line = await openLine(new URL(database.url));
    const api = await startTestApp({ databaseUrl: line.url, isImpatient: true });
    try {
      const { code } = await createAffiliate(api);
      await eventually(async () => expect((await visit(api, code)).clickId).not.toBeNull());
      line.stall();
      const startedAtMs = performance.now();
      const visits = await Promise.all(Array.from({ length: 50 }, () => visit(api, code)));
      expect(visits.every(({ status, ref, clickId }) => status === 302 && ref === code && clickId === null)).toBe(true);
      // Five seconds each, in all: one after the other they would have taken four minutes.
      expect(performance.now() - startedAtMs).toBeLessThan(120_000);
      await line.mend();
      await eventually(async () => expect((await visit(api, code)).clickId).not.toBeNull());
    } finally {
      await line.mend();
      await api.close();
      line.cut();
      await database.drop();
    }
  });
});
