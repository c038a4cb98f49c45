import type { OpenAPIObject } from '@nestjs/swagger';
import { AffiliateApproval } from '../../../src/affiliates/affiliate-approval.service.js';
import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import type { SessionDto } from '../../../src/dashboard/session.dto.js';
import type { ErrorBody } from '../../../src/http/error-response.js';
import type { AttributionDto } from '../../../src/referrals/attribution/attribution.dto.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';
import { mintLink, openDashboard, sendForm } from '../../setup/dashboard.js';
import { affiliateWithReferrals } from '../../setup/host.js';
import { deliver, eventOf, paidInvoice } from '../../setup/webhooks.js';

const HOUR_MS = 60 * 60_000;
const OWN_ORIGIN = 'http://localhost:3000';

let api: TestApp;
let people = 0;

beforeAll(async () => {
  api = await startTestApp({ env: { TRUST_PROXY: '1' } });
});
afterAll(async () => api.close());

const newAffiliate = (): Promise<AffiliateDto> => affiliateWithReferrals(api, `person${++people}`, []);
const as = <T = AffiliateDto & ErrorBody>(
  cookie: string,
  method = 'GET',
  path = '/v1/me',
  headers: Record<string, string> = {},
): Promise<TestResponse<T>> => api.request(method, path, { token: '', headers: { cookie, ...headers } });

describe('a session of the dashboard', () => {
  it('is its affiliate on every route under /v1/me, and nobody on the host’s', async () => {
    const affiliate = await newAffiliate();
    const cookie = await openDashboard(api, affiliate.id);
    const { body: document } = await api.request<OpenAPIObject>('GET', '/docs-json', { token: '' });
    const readable = Object.keys(document.paths).filter((path) => document.paths[path]?.get && path.startsWith('/v1'));
    for (const path of readable) {
      const { status } = await as(cookie, 'GET', path.replaceAll(/\{\w+\}/g, 'x'));
      const expected = !path.startsWith('/v1/me') ? 401 : path.includes('{') ? 404 : 200;
      expect([path, status]).toEqual([path, expected]);
    }
    expect((await as(cookie)).body.id).toBe(affiliate.id);
  });

  it('shows nothing of another affiliate, by id or in a list', async () => {
    const other = await affiliateWithReferrals(api, `person${++people}`, [`customer-of-${people}`]);
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: `customer-of-${people}` })));
    await api.settle();
    const commission = await api.database.prisma.commission.findFirstOrThrow({ where: { affiliateId: other.id } });
    const cookie = await openDashboard(api, (await newAffiliate()).id);
    const { body: document } = await api.request<OpenAPIObject>('GET', '/docs-json', { token: '' });
    const mine = Object.keys(document.paths).filter((path) => document.paths[path]?.get && path.startsWith('/v1/me'));
    const secrets = [commission.id, commission.referralId, other.id, `customer-of-${people}`, commission.invoiceId];
    for (const path of mine) {
      const answer = await as(cookie, 'GET', path.replace('{id}', commission.id));
      expect([path, answer.status]).toEqual([path, path.includes('{id}') ? 404 : 200]);
      const leaked = secrets.filter((secret) => answer.text.includes(secret) && answer.status !== 404);
      expect([path, leaked]).toEqual([path, []]);
    }
    expect((await as(await openDashboard(api, other.id), 'GET', `/v1/me/commissions/${commission.id}`)).status).toBe(
      200,
    );
  });

  it('says what it is and how long it lasts: two hours, used or not', async () => {
    const affiliate = await newAffiliate();
    const cookie = await openDashboard(api, affiliate.id);
    const endsAt = new Date(api.clock.now().getTime() + 2 * HOUR_MS).toISOString();
    api.clock.advance(HOUR_MS);
    const session = await as<SessionDto>(cookie, 'GET', '/v1/me/session');
    expect(session.body).toEqual({ kind: 'cookie', expiresAt: endsAt });
    api.clock.advance(HOUR_MS - 1);
    expect((await as(cookie)).status).toBe(200);
    api.clock.advance(1);
    const over = await as(cookie);
    expect([over.status, over.body.error.code, over.body.error.details]).toEqual([
      401,
      'unauthorized',
      { reason: 'session_ended' },
    ]);
    const byToken = await api.request<SessionDto>('GET', '/v1/me/session', {
      token: api.token('affiliate', affiliate.userId, { expiresIn: 600 }),
    });
    const tokenEndsAt = new Date(api.clock.now().getTime() + 600_000).toISOString();
    expect(byToken.body).toEqual({ kind: 'token', expiresAt: tokenEndsAt });
  });

  it('gives way to the next link’s, which has another id', async () => {
    const affiliate = await newAffiliate();
    const first = await openDashboard(api, affiliate.id);
    const second = await openDashboard(api, affiliate.id, first);
    expect(second).not.toBe(first);
    expect([(await as(first)).status, (await as(second)).status]).toEqual([401, 200]);
  });

  it('stays one of several browsers’', async () => {
    const affiliate = await newAffiliate();
    const cookies = [await openDashboard(api, affiliate.id), await openDashboard(api, affiliate.id)];
    for (const cookie of cookies) expect((await as(cookie)).status).toBe(200);
  });

  it('can be ended by its browser', async () => {
    const cookie = await openDashboard(api, (await newAffiliate()).id);
    const ended = await as(cookie, 'DELETE', '/v1/me/session', { origin: OWN_ORIGIN });
    expect(ended.status).toBe(204);
    expect(ended.headers.get('set-cookie')).toMatch(/^fs_dashboard=; Max-Age=0; Path=\/; .*HttpOnly/);
    expect((await as(cookie)).status).toBe(401);
  });

  it('is none for a cookie that was made up', async () => {
    for (const cookie of ['fs_dashboard=', `fs_dashboard=${'a'.repeat(43)}`, 'fs_dashboard=%00', 'fs_staff=x']) {
      expect([cookie, (await as(cookie)).status]).toEqual([cookie, 401]);
    }
  });

  it('does not help a token that is bad or not the affiliate’s', async () => {
    const cookie = await openDashboard(api, (await newAffiliate()).id);
    const both = (token: string) => api.request('GET', '/v1/me', { token, headers: { cookie } });
    expect([(await both('bad')).status, (await both(api.token('host'))).status]).toEqual([401, 403]);
  });
});

describe('what changes something', () => {
  it.each([
    [{}, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'http://localhost:3001' }, 403],
    [{ origin: OWN_ORIGIN }, 201],
  ])('is done by cookie only for a page of PUBLIC_URL: %j is answered %i', async (headers, status) => {
    const cookie = await openDashboard(api, (await newAffiliate()).id);
    const answer = await as(cookie, 'POST', '/v1/me/onboarding-links', headers as unknown as Record<string, string>);
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.body.error.code).toBe('foreign_origin');
  });

  it('needs no origin with a token, which no browser sends by itself', async () => {
    const { userId } = await newAffiliate();
    const token = api.token('affiliate', userId);
    expect((await api.request('POST', '/v1/me/onboarding-links', { token })).status).toBe(201);
  });
});

describe('a suspension', () => {
  const suspensions: [string, (id: string) => Promise<unknown>][] = [
    ['the host', (id) => api.request('PATCH', `/v1/affiliates/${id}`, { body: { status: 'suspended' } })],
    [
      'staff',
      (id) =>
        api.database.transaction((tx) =>
          api.app.get(AffiliateApproval).suspend(tx, [id], { staffUserId: 'stf_1', reason: 'It was asked for.' }),
        ),
    ],
  ];

  it.each(suspensions)('by %s ends the sessions and the links that were not opened yet', async (_by, suspend) => {
    const [affiliate, other] = [await newAffiliate(), await newAffiliate()];
    const cookies = [await openDashboard(api, affiliate.id), await openDashboard(api, affiliate.id)];
    const [unopened, others] = [await mintLink(api, affiliate.id), await openDashboard(api, other.id)];
    await suspend(affiliate.id);
    for (const cookie of cookies) {
      const { status, body } = await as(cookie);
      expect([status, body.error.code, body.error.details]).toEqual([
        401,
        'unauthorized',
        { reason: 'affiliate_suspended' },
      ]);
    }
    expect((await sendForm(unopened)).status).toBe(410);
    expect((await as(others)).status).toBe(200);
    await api.request('PATCH', `/v1/affiliates/${affiliate.id}`, { body: { status: 'active' } });
    expect((await as(cookies[0] ?? '')).status).toBe(401);
  });

  it('lets the host show the affiliate what it earned, and that it is suspended, by a link made afterwards', async () => {
    const affiliate = await newAffiliate();
    await api.request('PATCH', `/v1/affiliates/${affiliate.id}`, { body: { status: 'suspended' } });
    const cookie = await openDashboard(api, affiliate.id);
    expect((await as(cookie)).body).toMatchObject({ id: affiliate.id, status: 'suspended' });
    // Nothing changes by saying it again.
    await api.request('PATCH', `/v1/affiliates/${affiliate.id}`, { body: { status: 'suspended' } });
    expect((await as(cookie)).status).toBe(200);
  });

  it('and opening a link at the same moment leave no session behind', async () => {
    for (let round = 0; round < 5; round++) {
      const affiliate = await newAffiliate();
      const link = await mintLink(api, affiliate.id);
      const [answer] = await Promise.all([sendForm(link), suspensions[0]?.[1](affiliate.id)]);
      const cookie = answer.headers.get('set-cookie')?.split(';')[0];
      if (cookie !== undefined) expect((await as(cookie)).status).toBe(401);
    }
  });
});

describe('an erasure', () => {
  it('ends the sessions and the links', async () => {
    const affiliate = await newAffiliate();
    const [cookie, link] = [await openDashboard(api, affiliate.id), await mintLink(api, affiliate.id)];
    await api.request('POST', '/v1/erasures', { body: { userId: affiliate.userId } });
    expect([(await as(cookie)).status, (await sendForm(link)).status]).toEqual([401, 410]);
    expect(await api.database.prisma.dashboardSession.count({ where: { affiliateId: affiliate.id } })).toBe(0);
  });
});

describe('the address that an affiliate opens the dashboard from', () => {
  it('is remembered as a hash, and refuses signups from it', async () => {
    const affiliate = await newAffiliate();
    const ip = '203.0.113.77';
    const answer = await sendForm(await mintLink(api, affiliate.id), { 'x-forwarded-for': ip });
    expect(answer.status).toBe(303);
    const { body } = await api.request<AttributionDto>('POST', '/v1/referrals', {
      body: { referredUserId: `neighbour-${people}`, code: affiliate.code, ip },
    });
    expect(body).toMatchObject({ attributed: false, reason: 'affiliate_ip_match' });
  });
});
