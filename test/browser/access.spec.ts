import { STAFF_ROLES } from '../../src/staff/staff-role.js';
import { StaffUsers } from '../../src/staff/staff-users.service.js';
import { expectSoundLedger } from '../setup/ledger.js';
import { callAs, postLogin, startPanel, type TestPanel } from '../setup/panel.js';
import { processEnv, startServerProcess } from '../setup/processes.js';
import { sell } from '../setup/sales.js';
import { signToken } from '../setup/tokens.js';

/** Who gets into the admin panel and what they may send to it, over HTTP, against the built process. */
describe('the admin panel’s doors', () => {
  let panel: TestPanel;

  beforeAll(async () => {
    panel = await startPanel();
    await sell(panel.api, 'Doris');
  });
  afterAll(async () => {
    await expectSoundLedger(panel.api);
    await panel.close();
  });

  it('67 after ten wrong tries refuses the eleventh with 429 and Retry-After, though its password is right', async () => {
    const email = 'viewer@example.com';
    for (let i = 0; i < 10; i++) {
      const { status, headers } = await postLogin(panel.url, { email, password: `guess ${i}` });
      expect({ status, cookie: headers.get('set-cookie') }).toEqual({ status: 401, cookie: null });
    }
    const blocked = await postLogin(panel.url, { email });
    expect(blocked.status).toBe(429);
    expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(800);
    expect(blocked.headers.get('set-cookie')).toBeNull();
    await panel.api.database.prisma.staffLoginTry.deleteMany();
  });

  it('leaves to the API the envelope of every error, of what is refused ahead of its handlers too', async () => {
    const send = async (path: string, init?: RequestInit): Promise<[number, unknown]> => {
      const response = await fetch(panel.url + path, init);
      return [response.status, await response.json()];
    };
    const token = signToken(new Date(), { scope: 'host', subject: 'host-app' });
    const post = (contentType: string, body: string): Promise<[number, unknown]> =>
      send('/v1/affiliates', {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': contentType },
        body,
      });
    const envelope = (code: string): unknown => ({
      error: { code, message: expect.any(String), details: expect.any(Object), requestId: expect.any(String) },
    });
    expect(await post('application/json', '{"userId":')).toEqual([400, envelope('malformed_json')]);
    expect(await post('text/plain', '{}')).toEqual([415, envelope('unsupported_media_type')]);
    expect(await post('application/json', `"${'a'.repeat(1024 * 1024)}"`)).toEqual([413, envelope('body_too_large')]);
    expect(await send('/v1/plans?cursor=%00')).toEqual([400, envelope('invalid_request')]);
  });

  it('gives each log-in a session of its own, hidden from scripts, and keeps only a hash of it', async () => {
    const first = await postLogin(panel.url);
    const again = await postLogin(panel.url, { headers: { cookie: cookieOf(first) } });
    expect(again.headers.get('set-cookie')).toMatch(/^fs_staff=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(cookieOf(again)).not.toBe(cookieOf(first));
    expect(await statusOf('/admin/api/dashboard', cookieOf(first))).toBe(401);
    expect(await statusOf('/admin/api/dashboard', cookieOf(again))).toBe(200);
    const token = cookieOf(again).split('=')[1]!;
    const { rows } = await panel.api.database.pool.query<{ found: number }>(
      `SELECT count(*)::int AS found FROM staff_sessions s WHERE s::text LIKE '%' || $1 || '%'`,
      [token],
    );
    expect(rows).toEqual([{ found: 0 }]);
  });

  it('on https binds the cookie to the host and to encryption, whatever the proxy speaks', async () => {
    const env = processEnv(panel.database, panel.api.stripe, {
      ADMIN_ENABLED: 'true',
      PUBLIC_URL: 'https://pay.example.com',
      TRUST_PROXY: '1',
    });
    const behindProxy = await startServerProcess(env);
    const forwarded = {
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'pay.example.com',
      'x-forwarded-for': '203.0.113.9',
    };
    const own = await postLogin(behindProxy.url, { headers: { ...forwarded, origin: 'https://pay.example.com' } });
    expect(own.status).toBe(303);
    expect(own.headers.get('set-cookie')).toMatch(
      /^__Host-fs_staff=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    const foreign = await postLogin(behindProxy.url, { headers: { ...forwarded, origin: 'https://evil.example' } });
    expect(foreign.status).toBe(403);
    expect(await behindProxy.end()).toBe(0);
  });

  it('ends a session with the log-out, the deactivation of its person and a change of their role', async () => {
    const users = panel.api.app.get(StaffUsers);
    const act = { staffUserId: 'operator', reason: 'for a test' };
    const { id } = await users.create(
      { email: 'temp@example.com', name: 'Temp', role: 'viewer', password: 'a password of theirs' },
      act,
    );
    const login = async (): Promise<string> =>
      cookieOf(await postLogin(panel.url, { email: 'temp@example.com', password: 'a password of theirs' }));
    const isIn = async (cookie: string): Promise<boolean> => (await statusOf('/admin/api/dashboard', cookie)) === 200;

    const loggedOut = await login();
    expect(await isIn(loggedOut)).toBe(true);
    expect(await statusOf('/admin/logout', loggedOut)).toBe(302);
    expect(await isIn(loggedOut)).toBe(false);

    const changed = await login();
    await users.changeRole(id, 'reviewer', act);
    expect(await isIn(changed)).toBe(false);

    const deactivated = await login();
    expect(await isIn(deactivated)).toBe(true);
    await users.deactivate(id, act);
    expect(await isIn(deactivated)).toBe(false);
    expect((await postLogin(panel.url, { email: 'temp@example.com', password: 'a password of theirs' })).status).toBe(
      401,
    );
  });

  it('leads people without a session to the log-in and back, never to another site, and tells programs 401', async () => {
    const page = await fetch(`${panel.url}/admin/resources/payouts`, { redirect: 'manual' });
    expect(page.headers.get('location')).toBe('/admin/login?next=%2Fadmin%2Fresources%2Fpayouts');
    expect((await fetch(`${panel.url}/admin/api/resources/payouts/actions/list`)).status).toBe(401);
    const form = (next: string): Promise<Response> =>
      fetch(`${panel.url}/admin/login`, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({ email: 'admin@example.com', password: 'correct horse battery staple', next }),
      });
    expect((await form('/admin/resources/payouts')).headers.get('location')).toBe('/admin/resources/payouts');
    for (const next of ['https://evil.example', '//evil.example', '/admin//evil.example', '/admin/\\evil', '/v1/me']) {
      expect((await form(next)).headers.get('location')).toBe('/admin');
    }
  });

  it('68 takes nothing unsafe that another site makes a browser send', async () => {
    const admin = await callAs(panel.url, 'admin');
    const action = '/api/resources/affiliates/actions/list';
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, {}] as Record<string, string>[]) {
      const { status, body } = await admin.post(action, {}, headers);
      expect({ status, code: body['error'].code }).toEqual({ status: 403, code: 'foreign_origin' });
    }
    expect((await postLogin(panel.url, { headers: { origin: 'https://evil.example' } })).status).toBe(403);
    const logout = await fetch(`${panel.url}/admin/logout`, {
      redirect: 'manual',
      headers: { cookie: admin.cookie, 'sec-fetch-site': 'cross-site' },
    });
    expect(logout.status).toBe(403);
    expect((await admin.get('/api/dashboard')).status).toBe(200);
  });

  it.each(STAFF_ROLES)('68 lets %s create, edit and delete nothing through AdminJS’ own routes', async (role) => {
    const caller = await callAs(panel.url, role);
    const before = await everything(panel);
    const tries: Record<string, number> = {};
    for (const resource of RESOURCES) {
      const { body } = await caller.get(`/api/resources/${resource}/actions/list`);
      const id = encodeURIComponent(String(body['records'][0]?.id ?? 'none'));
      const payload = { id, reason: 'because', amountMinor: '1', status: 'active', role: 'admin', name: 'changed' };
      for (const path of [
        'actions/new',
        'actions/list',
        'actions/search',
        `records/${id}/edit`,
        `records/${id}/delete`,
        `records/${id}/show`,
        `bulk/bulkDelete?recordIds=${id}`,
        'actions/__proto__',
        'actions/constructor',
      ]) {
        const { status } = await caller.post(`/api/resources/${resource}/${path}`, payload);
        tries[status] = (tries[status] ?? 0) + 1;
        const isRead = /list|search|show/.test(path);
        if (!isRead)
          expect((await caller.get(`/api/resources/${resource}/${path}`)).status).toBeGreaterThanOrEqual(403);
      }
    }
    // 403 for what AdminJS has and we have shut, 405 for what only reads, 404 for what is no action.
    const each = RESOURCES.length;
    expect(tries).toEqual({ 403: each * 4, 404: each * 2, 405: each * 3 });
    expect(await everything(panel)).toEqual(before);
  });

  it('lists the first page where its address names none that there is', async () => {
    const viewer = await callAs(panel.url, 'viewer');
    for (const resource of RESOURCES) {
      const list = `/api/resources/${resource}/actions/list`;
      const first = (await viewer.get(list)).body['records'] as unknown[];
      for (const [query, records] of [
        ['page=-1', first],
        ['page=-Infinity', first],
        ['page=0.5', first],
        ['perPage=many', first.slice(0, 10)],
        ['perPage=-5', []],
      ] as const) {
        const { status, body } = await viewer.get(`${list}?${query}`);
        expect([resource, query, status, body['records']]).toEqual([resource, query, 200, records]);
      }
    }
  });

  it('shows no hash, no secret and no token in any list or record', async () => {
    const admin = await callAs(panel.url, 'admin');
    for (const resource of RESOURCES) {
      const { status, body, text } = await admin.get(`/api/resources/${resource}/actions/list`);
      expect(status).toBe(200);
      expect(text).not.toMatch(/argon2|password_?hash|totp_?secret|tokenHash|ip_?hash/i);
      const id = body['records'][0]?.id as string | undefined;
      if (!id) continue;
      const shown = await admin.get(`/api/resources/${resource}/records/${encodeURIComponent(id)}/show`);
      expect(shown.status).toBe(200);
      expect(shown.text).not.toMatch(/argon2|totp_?secret|tokenHash|ip_?hash/i);
    }
  });

  it('sends pages that need nothing from the internet and run no script but ours', async () => {
    const admin = await callAs(panel.url, 'admin');
    for (const path of ['/login', '', '/resources/affiliates']) {
      const response = await fetch(`${panel.url}/admin${path}`, {
        headers: path === '/login' ? {} : { cookie: admin.cookie },
      });
      const html = await response.text();
      expect(html.match(/(?:src|href)="(?!\/admin\/)[^"]*"/g)).toBeNull();
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/script-src 'self' 'nonce-[\w+/]+={0,2}';/);
      expect(policy).not.toMatch(/unsafe-eval|https?:/);
      expect(response.headers.get('cache-control')).toBe('private, no-store');
      for (const [, url] of html.matchAll(/<script src="([^"]+)"/g)) {
        const script = await fetch(panel.url + url!);
        expect([script.status, script.headers.get('cache-control')]).toEqual([
          200,
          'public, max-age=31536000, immutable',
        ]);
      }
    }
  });

  it('tells people in a browser of what is not there on a page, with its status, and programs as JSON', async () => {
    const { cookie } = await callAs(panel.url, 'viewer');
    const get = async (path: string, headers: Record<string, string>): Promise<[number, string]> => {
      const response = await fetch(`${panel.url}/admin${path}`, { redirect: 'manual', headers });
      await response.text();
      return [response.status, response.headers.get('content-type') ?? response.headers.get('location') ?? ''];
    };
    const [accept, acceptPage] = ['application/json, text/plain, */*', 'text/html,application/xhtml+xml,*/*;q=0.8'];
    const page = 'text/html; charset=utf-8';
    const json = 'application/json; charset=utf-8';
    const payout = '/resources/payouts/records/po_gone';
    for (const [path, status] of [
      ['/nonsense', 404],
      ['/resources', 404],
      ['/pages/nope', 404],
      ['/pages/constructor', 404],
      ['/resources/nope', 404],
      ['/resources/nope/actions/list', 404],
      ['/resources/payouts/actions/nope', 404],
      ['/resources/affiliates/bulk/suspend', 403],
      [payout, 404],
      [`${payout}/show`, 404],
      [`${payout}/nope`, 404],
    ] as const) {
      expect([path, ...(await get(path, { cookie, accept: acceptPage }))]).toEqual([path, status, page]);
      expect([path, ...(await get(path, { cookie, accept }))]).toEqual([path, status, json]);
    }
    const admin = await callAs(panel.url, 'admin');
    expect(await get('/resources/affiliates/bulk/suspend', { cookie: admin.cookie, accept })).toEqual([404, json]);
    expect(await get('/api/nonsense', { cookie, accept: acceptPage })).toEqual([404, json]);
    expect(await get('/nonsense', { accept: acceptPage })).toEqual([302, '/admin/login?next=%2Fadmin%2Fnonsense']);
    expect(await get('/nonsense', { accept })).toEqual([404, json]);
  });

  it('is not there at all where ADMIN_ENABLED says so', async () => {
    const without = await startServerProcess(processEnv(panel.database, panel.api.stripe));
    expect((await fetch(`${without.url}/admin/login`)).status).toBe(404);
    expect((await postLogin(without.url)).status).toBe(404);
    expect(await without.end()).toBe(0);
  });

  const statusOf = async (path: string, cookie: string): Promise<number> =>
    (await fetch(panel.url + path, { redirect: 'manual', headers: { cookie } })).status;
});

const RESOURCES = [
  'review-cases',
  'affiliates',
  'referrals',
  'clicks',
  'decisions',
  'emails',
  'promotion-codes',
  'commissions',
  'payouts',
  'runs',
  'ledger',
  'plans',
  'plan-versions',
  'stripe-events',
  'events',
  'webhook-endpoints',
  'webhook-deliveries',
  'rules',
  'whitelist',
  'audit-log',
  'staff',
];

function cookieOf(response: Response): string {
  return (response.headers.get('set-cookie') ?? '').split(';', 1)[0]!;
}

/** Every row that staff look at, as one text per table. */
async function everything({ api }: TestPanel): Promise<Record<string, string>> {
  const tables = [
    'journal_entries',
    'postings',
    'attribution_decisions',
    'stripe_events',
    'audit_log',
    'affiliates',
    'payouts',
    'payout_runs',
    'plans',
    'plan_versions',
    'staff_users',
    'review_cases',
    'commissions',
    'referrals',
  ];
  const rows = await Promise.all(
    tables.map((table) =>
      api.database.pool.query<{ all: string }>(
        `SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) AS all FROM ${table} t`,
      ),
    ),
  );
  return Object.fromEntries(tables.map((table, index) => [table, rows[index]!.rows[0]!.all]));
}
