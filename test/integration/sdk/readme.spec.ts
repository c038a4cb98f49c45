import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import { DEMO } from '../../../src/config/config.js';
import type { ClickDto } from '../../../src/referrals/clicks/click.dto.js';
import type { ReferralDto } from '../../../src/referrals/referral.dto.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { freePort } from '../../setup/free-port.js';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const README = readFileSync(join(ROOT, 'packages', 'sdk', 'README.md'), 'utf8');
/** Below the checkout, where the packages that the examples import are found. */
const FOLDER = join(ROOT, 'node_modules', '.cache', 'fairshare', 'sdk-readme');
const WEBHOOK_SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

/** The part of the host app that the examples take for granted. */
const USERS = `export interface NewUser { email: string }
export const createUser = async ({ email }: NewUser) => ({ id: 'user-of-' + email, email });
`;

const run = promisify(execFile);

/** What the SDK's README shows is compiled and run as it stands there. */
describe('the examples of the SDK’s README', () => {
  const examples = new Map<string, string>();
  let api: TestApp;
  let env: NodeJS.ProcessEnv;
  let affiliate: AffiliateDto;
  let child: ChildProcess | undefined;

  beforeAll(async () => {
    for (const section of README.split(/^## /m)) {
      const code = /```ts\n(.*?)```/s.exec(section)?.[1];
      if (code) examples.set(section.slice(0, section.indexOf('\n')), code);
    }
    await compile();
    api = await startTestApp({ now: new Date() });
    env = {
      PATH: process.env['PATH'],
      FAIRSHARE_URL: api.url,
      FAIRSHARE_JWT_SECRET: DEMO.jwtSecret,
      FAIRSHARE_WEBHOOK_SECRET: WEBHOOK_SECRET,
    };
    const body = { userId: 'user-anna', name: 'Anna', code: 'ANNA-CODE' };
    affiliate = (await api.request<AffiliateDto>('POST', '/v1/affiliates', { body })).body;
  }, 180_000);
  afterEach(async () => {
    if (!child) return;
    const ended = new Promise((resolve) => child?.once('close', resolve));
    child.kill();
    await ended;
    child = undefined;
  });
  afterAll(async () => {
    await expectSoundLedger(api);
    await api.close();
  });

  async function compile(): Promise<void> {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(join(FOLDER, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(FOLDER, 'users.ts'), USERS);
    for (const [title, code] of examples) writeFileSync(join(FOLDER, `${fileOf(title)}.ts`), code);
    const options = '--strict --skipLibCheck --module nodenext --target es2022 --types node --ignoreConfig';
    const files = ['users', ...[...examples.keys()].map(fileOf)].map((name) => join(FOLDER, `${name}.ts`));
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    await run(process.execPath, [compiler, ...options.split(' '), ...files], { cwd: ROOT });
  }

  function fileOf(title: string): string {
    return title.toLowerCase().replace(/\W+/g, '-');
  }

  /** Starts an example that listens, and waits until it does. */
  async function start(title: string): Promise<string> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    child = spawn(process.execPath, [join(FOLDER, `${fileOf(title)}.js`)], {
      env: { ...env, PORT: String(port) },
      stdio: 'inherit',
    });
    await eventually(async () => expect((await fetch(url)).status).toBeGreaterThan(0));
    return url;
  }

  /** Runs a piece of code beside the compiled examples; what it prints is the result. */
  async function evaluate(code: string): Promise<string> {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], { cwd: FOLDER, env });
    return stdout.trim();
  }

  async function clickCookie(): Promise<{ clickId: string; cookie: string }> {
    const { body } = await api.request<ClickDto>('POST', '/v1/clicks', { body: { code: affiliate.code } });
    return { clickId: body.clickId, cookie: `fairshare=${body.clickId}.${affiliate.code}` };
  }

  async function expectReferred(email: string, clickId: string): Promise<void> {
    const { body } = await api.request<ReferralDto>('GET', `/v1/referrals/by-user/user-of-${email}`);
    expect(body).toMatchObject({ affiliateId: affiliate.id, clickId });
  }

  it.each(['Express', 'Next.js', 'Fastify'])('say in less than fifteen lines how to put it into %s', (framework) => {
    expect(examples.get(framework)?.trimEnd().split('\n').length).toBeLessThan(15);
  });

  it.each([
    ['Express', 'application/x-www-form-urlencoded', (email: string) => `email=${encodeURIComponent(email)}`],
    ['Fastify', 'application/json', (email: string) => JSON.stringify({ email })],
  ])('credit a signup in %s', async (framework, type, write) => {
    const url = await start(framework);
    const { clickId, cookie } = await clickCookie();
    const email = `${framework.toLowerCase()}@example.com`;
    const signup = (address: string, headers: Record<string, string>): Promise<Response> =>
      fetch(`${url}/signup`, {
        method: 'POST',
        redirect: 'manual',
        headers: { 'content-type': type, ...headers },
        body: write(address),
      });
    const answer = await signup(email, { cookie });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/welcome']);
    await expectReferred(email, clickId);
    expect((await signup('nobody-sent-me@example.com', {})).status).toBe(303);
    expect((await api.request('GET', '/v1/referrals/by-user/user-of-nobody-sent-me@example.com')).status).toBe(404);
  });

  it('credit a signup in a route of Next.js', async () => {
    const { clickId, cookie } = await clickCookie();
    const printed = await evaluate(`
      const { POST } = await import('./next-js.js');
      const answer = await POST(new Request('https://app.example.com/signup', {
        method: 'POST',
        headers: { cookie: '${cookie}', 'x-forwarded-for': '203.0.113.7, 10.0.0.1' },
        body: JSON.stringify({ email: 'next@example.com' }),
      }));
      console.log(answer.status, await answer.text());`);
    expect(printed).toBe('201 {"id":"user-of-next@example.com"}');
    await expectReferred('next@example.com', clickId);
  });

  it('create an affiliate once and list commissions', async () => {
    expect(await evaluate(`await import('./calls.js')`)).toMatch(/\/r\/GRAC-\w{4}$/);
    expect(await evaluate(`await import('./calls.js')`)).toBe('');
  });

  it('embed the dashboard with a token that opens it', async () => {
    const frame = await evaluate(`
      const { dashboardFrame } = await import('./the-dashboard-in-your-page.js');
      console.log(await dashboardFrame('user-anna'));`);
    const token = /#token=([\w.-]+)"/.exec(frame)?.[1] ?? '';
    expect((await api.request<AffiliateDto>('GET', '/v1/me', { token })).body.id).toBe(affiliate.id);
  });

  it('take a webhook that is signed, and no other', async () => {
    const url = await start('Webhooks');
    const body = JSON.stringify({ id: 'dev_1', type: 'payout.paid', timestamp: '2026-12-01T06:00:00Z', data: {} });
    const now = new Date();
    const post = (signature: string): Promise<Response> =>
      fetch(`${url}/webhooks/fairshare`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': 'dev_1',
          'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
          'webhook-signature': signature,
        },
        body,
      });
    expect((await post(new Webhook(WEBHOOK_SECRET).sign('dev_1', now, body))).status).toBe(204);
    expect((await post('v1,bm90IHRoaXM=')).status).toBe(400);
  });

  it('keep the click by the server', async () => {
    const url = await start('Safari');
    const { clickId } = await clickCookie();
    const answer = await fetch(`${url}/?ref=${affiliate.code}&click_id=${clickId}`);
    expect(answer.headers.get('set-cookie')).toContain(`fairshare=${clickId}.${affiliate.code}; Max-Age=2592000`);
    expect((await fetch(url)).headers.get('set-cookie')).toBeNull();
  });
});
