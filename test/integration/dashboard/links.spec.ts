import { createHash } from 'node:crypto';
import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import { DashboardSessions } from '../../../src/auth/dashboard-sessions.service.js';
import type { DashboardLinkDto } from '../../../src/dashboard/dashboard-link.dto.js';
import type { ErrorBody } from '../../../src/http/error-response.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { cookieOf, mintLink, sendForm } from '../../setup/dashboard.js';
import { affiliateWithReferrals } from '../../setup/host.js';

const MINUTE_MS = 60_000;
const CLOCK_START = '2026-12-01T12:00:00Z';

let api: TestApp;
let affiliate: AffiliateDto;

beforeAll(async () => {
  api = await startTestApp({ now: CLOCK_START });
  affiliate = await affiliateWithReferrals(api, 'Ann', []);
});
beforeEach(() => api.clock.set(CLOCK_START));
afterAll(async () => api.close());

const sha256 = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
const tokenOf = (link: URL): string => link.searchParams.get('token') ?? '';
const mint = (id: string, headers = {}) =>
  api.request<DashboardLinkDto & ErrorBody>('POST', `/v1/affiliates/${id}/dashboard-links`, { headers });
const links = () => api.database.prisma.dashboardLink;

describe('a dashboard link', () => {
  it('leads to this service and is good for five minutes', async () => {
    const { status, body } = await mint(affiliate.id);
    expect(status).toBe(201);
    expect(Object.keys(body).sort()).toEqual(['expiresAt', 'url']);
    expect(body.url).toMatch(/^http:\/\/localhost:3000\/dashboard\/open\?token=[\w-]{43}$/);
    expect(body.expiresAt).toBe('2026-12-01T12:05:00.000Z');
  });

  it('is always a new one, whatever Idempotency-Key says', async () => {
    const [first, second] = [
      await mint(affiliate.id, { 'idempotency-key': 'k' }),
      await mint(affiliate.id, { 'idempotency-key': 'k' }),
    ];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body.url).not.toBe(first.body.url);
    expect(second.headers.get('idempotent-replayed')).toBeNull();
  });

  it('is kept as a hash only', async () => {
    const token = tokenOf(await mintLink(api, affiliate.id));
    const rows = await links().findMany();
    expect(JSON.stringify(rows)).not.toContain(token);
    const hash = createHash('sha256').update(token).digest('hex');
    expect(rows.map(({ tokenHash }) => Buffer.from(tokenHash).toString('hex'))).toContain(hash);
  });

  it('is made for affiliates that there are, by the host', async () => {
    const unknown = await mint('aff_00000000000000000000000000');
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'affiliate_not_found']);
    const gone = await affiliateWithReferrals(api, 'Gone', []);
    await api.request('POST', '/v1/erasures', { body: { userId: gone.userId } });
    const erased = await mint(gone.id);
    expect([erased.status, erased.body.error.code]).toEqual([422, 'affiliate_erased']);
    const own = await api.request('POST', `/v1/affiliates/${affiliate.id}/dashboard-links`, {
      token: api.token('affiliate', affiliate.userId),
    });
    expect(own.status).toBe(403);
  });
});

describe('the page of a link', () => {
  it('stands for itself: nothing else runs, nobody frames it, keeps it or learns where it was', async () => {
    const link = await mintLink(api, affiliate.id);
    const { status, text, headers } = await api.request<string>('GET', link.pathname + link.search, { token: '' });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-frame-options')?.toUpperCase()).toBe('DENY');
    const [script, style] = ['script', 'style'].map(
      (tag) => new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(text)?.[1] ?? '',
    );
    expect(headers.get('content-security-policy')?.split(';')).toEqual([
      "default-src 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "form-action 'self'",
      `style-src '${sha256(style ?? '')}'`,
      `script-src '${sha256(script ?? '')}'`,
    ]);
    expect(script).toContain('requestSubmit');
    expect(text).toMatch(/<button[^>]*>Open the dashboard<\/button>/);
  });

  it('speaks the language of the browser, of those that it knows', async () => {
    const link = await mintLink(api, affiliate.id);
    const headers = { 'accept-language': 'fr, de-AT;q=0.8, en;q=0.5' };
    const page = await (await fetch(link, { headers })).text();
    expect(page).toContain('<html lang="de">');
    expect(page).toMatch(/<button[^>]*>Dashboard öffnen<\/button>/);
    link.searchParams.set('token', 'x');
    expect(await (await fetch(link, { headers })).text()).toContain('Dieser Link war schon benutzt oder abgelaufen');
  });

  it('may be looked at by any number of programs that follow links: they use nothing up', async () => {
    const link = await mintLink(api, affiliate.id);
    for (const method of ['GET', 'HEAD', 'GET', 'OPTIONS']) {
      const answer = await fetch(link, { method });
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
    expect((await sendForm(link)).status).toBe(303);
  });

  it('takes nothing for a token that looks like none', async () => {
    for (const token of ['', 'x', '"><script>alert(1)</script>', 'a'.repeat(44), 'a'.repeat(42) + '%00']) {
      const { status, text } = await api.request<string>('GET', `/dashboard/open?token=${token}`, { token: '' });
      expect([token, [400, 410]]).toEqual([token, expect.arrayContaining([status])]);
      expect(text).not.toContain('<script>alert');
    }
  });
});

describe('using a link', () => {
  it('leads to the dashboard with a new cookie that scripts cannot read and other sites cannot make use of', async () => {
    const answer = await sendForm(await mintLink(api, affiliate.id));
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/dashboard']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    const [value, ...attributes] = answer.headers.get('set-cookie')?.split('; ') ?? [];
    expect(value).toMatch(/^fs_dashboard=[\w-]{43}$/);
    expect(attributes.sort()).toEqual(['HttpOnly', 'Max-Age=7200', 'Path=/', 'SameSite=Lax']);
    expect(await api.database.prisma.dashboardSession.count()).toBeGreaterThan(0);
    const stored = JSON.stringify(await api.database.prisma.dashboardSession.findMany());
    expect(stored).not.toContain(value?.split('=')[1]);
  });

  it('binds the cookie to this host on https', async () => {
    const secure = await startTestApp({ env: { PUBLIC_URL: 'https://partners.example.com' } });
    try {
      const { id } = await affiliateWithReferrals(secure, 'Ann', []);
      const answer = await sendForm(await mintLink(secure, id));
      const [value, ...attributes] = answer.headers.get('set-cookie')?.split('; ') ?? [];
      expect(value).toMatch(/^__Host-fs_dashboard=[\w-]{43}$/);
      expect(attributes.sort()).toEqual(['HttpOnly', 'Max-Age=7200', 'Path=/', 'SameSite=Lax', 'Secure']);
      const me = await secure.request('GET', '/v1/me', { token: '', headers: { cookie: cookieOf(answer) } });
      expect(me.status).toBe(200);
      const plain = cookieOf(answer).replace('__Host-', '');
      expect((await secure.request('GET', '/v1/me', { token: '', headers: { cookie: plain } })).status).toBe(401);
    } finally {
      await secure.close();
    }
  });

  it('works once', async () => {
    const link = await mintLink(api, affiliate.id);
    expect((await sendForm(link)).status).toBe(303);
    const again = await sendForm(link);
    expect([again.status, again.headers.get('set-cookie')]).toEqual([410, null]);
    expect(await again.text()).toContain('This link has been used or has expired');
  });

  it('works once, however many try at the same moment', async () => {
    const link = await mintLink(api, affiliate.id);
    const before = await api.database.prisma.dashboardSession.count();
    const answers = await Promise.all(Array.from({ length: 20 }, () => sendForm(link)));
    expect(answers.map(({ status }) => status).sort()).toEqual([303, ...Array.from({ length: 19 }, () => 410)]);
    expect(answers.filter((answer) => answer.headers.has('set-cookie'))).toHaveLength(1);
    expect(await api.database.prisma.dashboardSession.count()).toBe(before + 1);
  });

  it('works for five minutes', async () => {
    const [early, late] = [await mintLink(api, affiliate.id), await mintLink(api, affiliate.id)];
    api.clock.advance(5 * MINUTE_MS - 1);
    expect((await sendForm(early)).status).toBe(303);
    api.clock.advance(1);
    const answer = await sendForm(late);
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([410, null]);
  });

  it.each([
    [{ origin: 'https://evil.example' }, 403],
    [{ 'sec-fetch-site': 'cross-site', origin: 'null' }, 403],
    [{ 'sec-fetch-site': 'same-site', origin: 'null' }, 403],
    [{ 'sec-fetch-site': 'same-origin', origin: 'null' }, 303],
    [{ origin: 'http://localhost:3000' }, 303],
    [{ origin: 'ITSELF' }, 303],
  ])('is for its own page: %j is answered %i', async (headers, status) => {
    const link = await mintLink(api, affiliate.id);
    const answer = await sendForm(link, { ...headers, ...(headers.origin === 'ITSELF' && { origin: link.origin }) });
    expect([answer.status, answer.headers.has('set-cookie')]).toEqual([status, status === 303]);
    if (status === 403) expect((await sendForm(link)).status).toBe(303);
  });
});

describe('what has run out', () => {
  it('is deleted, links and sessions', async () => {
    await api.database.prisma.dashboardSession.deleteMany();
    await links().deleteMany();
    await sendForm(await mintLink(api, affiliate.id));
    await mintLink(api, affiliate.id);
    api.clock.advance(120 * MINUTE_MS - 1);
    await mintLink(api, affiliate.id);
    await api.app.get(DashboardSessions).deleteExpired();
    expect([await links().count(), await api.database.prisma.dashboardSession.count()]).toEqual([1, 1]);
    api.clock.advance(1);
    await api.app.get(DashboardSessions).deleteExpired();
    expect([await links().count(), await api.database.prisma.dashboardSession.count()]).toEqual([1, 0]);
  });
});

describe('guesses at links', () => {
  it('are told to wait', async () => {
    const throttled = await startTestApp({ env: { RATE_LIMIT_PUBLIC: '3' } });
    try {
      const guess = () => throttled.request('GET', `/dashboard/open?token=${'a'.repeat(43)}`, { token: '' });
      const statuses = [];
      for (let tries = 0; tries < 4; tries++) statuses.push((await guess()).status);
      expect(statuses).toEqual([200, 200, 200, 429]);
    } finally {
      await throttled.close();
    }
  });
});
