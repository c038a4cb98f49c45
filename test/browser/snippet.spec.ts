import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { AffiliateDto } from '../../src/affiliates/affiliate.dto.js';
import type { AttributionDto } from '../../src/referrals/attribution/attribution.dto.js';
import { startTestApp, type TestApp } from '../setup/app.js';
import { startBrowser } from '../setup/browser.js';
import { expectSoundLedger } from '../setup/ledger.js';

/** A visitor's; the browser of the tests calls itself headless, which the snippet takes for a program. */
const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36';
const WINDOW_SECONDS = 30 * 24 * 60 * 60;

/** What the tests ask `window.fairshare` on a page. */
interface SnippetState {
  clickId: string | null;
  code: string | null;
}

/** A site of another origin than the service, in a real Chromium. */
describe('the snippet on a page of the host’s site', () => {
  let api: TestApp;
  let site: Server;
  let port: number;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  /** The attributes of the script's tag on the site's pages, and what stands before it. */
  let attributes: string;
  let before: string;
  let anna: AffiliateDto;
  let ben: AffiliateDto;

  beforeAll(async () => {
    site = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><title>Site</title>${before}
<script async src="${api.url}/fairshare.js" ${attributes}></script>
<form class="signup" action="/welcome"><input name="email" value="a@b.example"><button>Sign up</button></form>
<form class="search"><input name="q"></form><a href="/pricing">Pricing</a>`);
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    ({ port } = site.address() as AddressInfo);
    const origins = ['site', 'www.shop', 'app.shop'].map((name) => originOf(name)).join(',');
    api = await startTestApp({ now: new Date(), env: { SITE_URL: originOf('site'), ALLOWED_ORIGINS: origins } });
    [anna, ben] = [await affiliate('anna'), await affiliate('ben')];
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await new Promise((resolve) => site.close(resolve));
    await expectSoundLedger(api);
    await api.close();
  });
  beforeEach(async () => {
    attributes = '';
    before = '';
    await api.database.pool.query('DELETE FROM clicks');
    await openContext();
  });
  afterEach(() => context.close());

  function originOf(name: string): string {
    return `http://${name}.localhost:${port}`;
  }

  async function openContext(userAgent = USER_AGENT): Promise<void> {
    context = await browser.newContext({ userAgent });
    page = await context.newPage();
  }

  async function affiliate(name: string): Promise<AffiliateDto> {
    const body = { userId: `user-${name}`, name, code: `${name.toUpperCase()}-CODE` };
    return (await api.request<AffiliateDto>('POST', '/v1/affiliates', { body })).body;
  }

  /** Opens a page of the site, waits until the snippet knows, and says what it knows. */
  async function visit(path: string, name = 'site'): Promise<SnippetState> {
    await page.goto(originOf(name) + path);
    return known();
  }

  async function known(): Promise<SnippetState> {
    await page.waitForFunction('window.fairshare?.ready');
    return page.evaluate(
      'fairshare.ready.then(() => ({ clickId: fairshare.getClickId(), code: fairshare.getCode() }))',
    );
  }

  async function clicks(): Promise<Record<string, unknown>[]> {
    const { rows } = await api.database.pool.query<Record<string, unknown>>(
      'SELECT id, code, source, sub_id, url, referrer FROM clicks ORDER BY id',
    );
    return rows;
  }

  async function cookie(): Promise<{ value: string; expires: number } | undefined> {
    return (await context.cookies()).find(({ name }) => name === 'fairshare');
  }

  it('reports a visit by ?ref=, keeps the click for the window, and the signup it tells the form is credited', async () => {
    attributes = 'data-form=".signup"';
    const { clickId, code } = await visit(`/?ref=anna-code&sub=newsletter#top`);
    expect(code).toBe('anna-code');
    expect(await clicks()).toEqual([
      {
        id: clickId,
        code: 'ANNA-CODE',
        source: 'snippet',
        sub_id: 'newsletter',
        url: `${originOf('site')}/?ref=anna-code&sub=newsletter`,
        referrer: null,
      },
    ]);
    const kept = await cookie();
    expect(kept).toMatchObject({ value: `${clickId}.anna-code`, httpOnly: false, sameSite: 'Lax', path: '/' });
    expect(Math.abs((kept?.expires ?? 0) - Date.now() / 1000 - WINDOW_SECONDS)).toBeLessThan(60);

    await page.getByRole('link', { name: 'Pricing' }).click();
    expect(await known()).toEqual({ clickId, code });
    expect(await page.locator('.search input').count()).toBe(1);
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.waitForURL('**/welcome?*');
    const sent = new URL(page.url()).searchParams;
    expect([sent.get('fs_click_id'), sent.get('fs_code')]).toEqual([clickId, 'anna-code']);

    const { body } = await api.request<AttributionDto>('POST', '/v1/referrals', {
      body: { referredUserId: 'user-1', clickId: sent.get('fs_click_id') },
    });
    expect(body).toMatchObject({ attributed: true, referral: { affiliateId: anna.id, clickId } });
    expect(await clicks()).toHaveLength(1);
  });

  it.each(['via', 'fpr'])('takes ?%s= of links that another tool made', async (parameter) => {
    const { clickId } = await visit(`/?ref=not.a.code&${parameter}=BEN-CODE`);
    expect(await clicks()).toMatchObject([{ id: clickId, code: ben.code }]);
  });

  it('records no second click for who came by the referral link, reloads, comes back, or opens the page again', async () => {
    await page.goto(`${api.url}/r/${anna.code}?sub=mail`);
    const first = await known();
    expect(await clicks()).toMatchObject([{ id: first.clickId, source: 'redirect', sub_id: 'mail' }]);
    const kept = await cookie();
    await page.reload();
    expect(await known()).toEqual(first);
    expect(await cookie()).toEqual(kept);

    const { clickId } = await visit(`/?ref=${ben.code}`);
    await page.reload();
    await page.goto(`${originOf('site')}/pricing`);
    await page.goBack();
    expect((await known()).clickId).toBe(clickId);
    expect(await clicks()).toHaveLength(2);
  });

  it('credits the last touch, unless the page asks for the first', async () => {
    await visit(`/?ref=${anna.code}`);
    expect((await visit(`/?ref=${ben.code}`)).code).toBe(ben.code);
    attributes = 'data-attribution="first"';
    expect((await visit(`/?ref=${anna.code}`)).code).toBe(ben.code);
    // The visit is one all the same.
    expect(await clicks()).toMatchObject([{ code: anna.code }, { code: ben.code }, { code: anna.code }]);
  });

  it('keeps nothing for a code that is unknown, suspended or no code', async () => {
    const { body } = await api.request<AffiliateDto>('POST', '/v1/affiliates', {
      body: { userId: 'user-carla', name: 'Carla', status: 'pending' },
    });
    for (const code of ['NOBODY-HERE', body.code, '<script>', '']) {
      expect(await visit(`/?ref=${encodeURIComponent(code)}`)).toEqual({ clickId: null, code: null });
    }
    expect([await cookie(), await clicks()]).toEqual([undefined, []]);
  });

  it('with consent required reads, keeps and sends nothing before it is given, and forgets when it is withdrawn', async () => {
    await context.addCookies([{ name: 'fairshare', value: `clk_${'0'.repeat(26)}.OLD-CODE`, url: originOf('site') }]);
    attributes = 'data-consent="required" data-form=".signup"';
    await page.goto(`${originOf('site')}/?ref=${anna.code}`);
    await page.waitForFunction('!!window.fairshare?.getClickId');
    expect(await page.evaluate('[fairshare.getClickId(), fairshare.getCode()]')).toEqual([null, null]);
    expect(await page.locator('.signup input').count()).toBe(1);
    expect(await clicks()).toEqual([]);

    await page.evaluate('fairshare.consent(true)');
    const { clickId, code } = await known();
    expect(code).toBe(anna.code);
    expect(await page.locator('[name=fs_click_id]').inputValue()).toBe(clickId);
    expect((await cookie())?.value).toBe(`${clickId}.${code}`);

    await page.evaluate('fairshare.consent(false)');
    expect(await known()).toEqual({ clickId: null, code: null });
    expect(await cookie()).toBeUndefined();
    expect(await clicks()).toHaveLength(1);
  });

  it('takes consent that was given or refused before it was loaded', async () => {
    attributes = 'data-consent="required"';
    before = '<script>window.fairshare = { consent: false }</script>';
    expect((await visit(`/?ref=${anna.code}`)).code).toBeNull();
    expect(await clicks()).toEqual([]);
    before = '<script>window.fairshare = { consent: true }</script>';
    expect((await visit(`/?ref=${anna.code}`)).code).toBe(anna.code);
    expect(await clicks()).toHaveLength(1);
  });

  it('where cookies are blocked still knows the click until the page is left', async () => {
    attributes = 'data-form=".signup"';
    const devtools = await context.newCDPSession(page);
    await devtools.send('Emulation.setDocumentCookieDisabled', { disabled: true });
    const { clickId } = await visit(`/?ref=${anna.code}`);
    expect(await clicks()).toMatchObject([{ id: clickId }]);
    expect(await page.locator('[name=fs_click_id]').inputValue()).toBe(clickId);
    expect(await cookie()).toBeUndefined();
    expect((await visit('/pricing')).clickId).toBeNull();
  });

  it('in a sandboxed frame, whose cookies throw and whose origin nobody allowed, still knows the code', async () => {
    await page.setContent(`<iframe sandbox="allow-scripts" src="${originOf('site')}/?ref=${anna.code}"></iframe>`);
    const frame = page.frames()[1]!;
    await frame.waitForFunction('window.fairshare?.ready');
    expect(await frame.evaluate('fairshare.ready')).toEqual({ clickId: null, code: anna.code });
    expect(await clicks()).toEqual([]);
  });

  it('counts no program that says it is one', async () => {
    await context.close();
    await openContext('Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)');
    expect(await visit(`/?ref=${anna.code}`)).toEqual({ clickId: null, code: null });
    expect([await clicks(), await cookie()]).toEqual([[], undefined]);
  });

  it('keeps the code while the service cannot be reached, and reports the click on the next page', async () => {
    await page.route('**/v1/clicks', (route) => route.abort());
    expect(await visit(`/?ref=${anna.code}`)).toEqual({ clickId: null, code: anna.code });
    expect((await cookie())?.value).toBe(`.${anna.code}`);
    await page.unroute('**/v1/clicks');
    const { clickId } = await visit('/pricing');
    expect(await clicks()).toMatchObject([{ id: clickId, code: anna.code }]);
    expect((await cookie())?.value).toBe(`${clickId}.${anna.code}`);

    // A later visit that cannot be reported does not cost the affiliate the click that was.
    await page.route('**/v1/clicks', (route) => route.fulfill({ status: 503 }));
    expect((await visit(`/?ref=${anna.code}`)).clickId).toBe(clickId);
  });

  it('says where the visitor came from, and reports the click also where the service cannot read that', async () => {
    await page.goto(`${originOf('site')}/?ref=${anna.code}`, { referer: 'https://blog.example.com/best-tools' });
    await known();
    await page.goto(`${originOf('site')}/?ref=${ben.code}`, { referer: 'https://my_blog.example.com/' });
    const { clickId } = await known();
    expect(await clicks()).toMatchObject([
      { code: anna.code, referrer: 'https://blog.example.com/best-tools' },
      { id: clickId, code: ben.code, referrer: null, url: null },
    ]);
  });

  it('shares the click between the hosts of a domain when the page says so', async () => {
    attributes = 'data-domain="shop.localhost"';
    const { clickId } = await visit(`/?ref=${anna.code}`, 'www.shop');
    expect((await visit('/signup', 'app.shop')).clickId).toBe(clickId);
  });

  it('is smaller than 2 KB gzipped, for every origin, and cached with an ETag', async () => {
    const answer = await fetch(`${api.url}/fairshare.js`, { headers: { 'accept-encoding': 'gzip' } });
    const script = Buffer.from(await answer.arrayBuffer());
    expect(gzipSync(script, { level: 9 }).byteLength).toBeLessThan(2048);
    expect(Number(answer.headers.get('content-length'))).toBeLessThan(2048);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-encoding': 'gzip',
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': expect.stringContaining('public, max-age=3600'),
      'cross-origin-resource-policy': 'cross-origin',
      'access-control-allow-origin': '*',
    });
    const plain = await fetch(`${api.url}/fairshare.js`, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(Buffer.from(await plain.arrayBuffer())).toEqual(script);
    const etag = answer.headers.get('etag') ?? '';
    const again = await fetch(`${api.url}/fairshare.js`, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
  });
});
