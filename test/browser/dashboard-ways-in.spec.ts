import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page, Route } from 'playwright-core';
import type { AffiliateDto } from '../../src/affiliates/affiliate.dto.js';
import { AffiliateNotices } from '../../src/affiliates/notices/affiliate-notices.js';
import { accountIdOf, atStripe } from '../setup/accounts.js';
import { findSeriousProblems } from '../setup/axe.js';
import { startBrowser, takeScreenshot, watchPage } from '../setup/browser.js';
import { askAs, openDashboard, startDashboard, type TestDashboard } from '../setup/dashboard-page.js';
import { eventually } from '../setup/eventually.js';
import { onboard } from '../setup/host.js';
import { makeAffiliate } from '../setup/johns-story.js';
import { startMailServer, type TestMailServer } from '../setup/mail-server.js';

/** The page, its script, its styles and all that they ask the API for: a tenth above what docs/performance.md names. */
const FIRST_LOAD_BYTES_MAX = 146_000;

/** How affiliates come in, by their own browser or inside the host app, what keeps them out, and how they get to be paid. */
describe('into the dashboard', () => {
  let dashboard: TestDashboard;
  let host: HostPage;
  let mail: TestMailServer;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let nora: AffiliateDto;

  beforeAll(async () => {
    host = await startHostPage();
    mail = await startMailServer();
    const env = {
      DASHBOARD_EMBED_ORIGINS: host.url,
      SMTP_URL: `smtp://127.0.0.1:${mail.port}`,
      MAIL_FROM: 'Partners <partners@example.com>',
    };
    dashboard = await startDashboard({ env }, async (api) => {
      nora = await makeAffiliate(api, 'nora', 'Nora New');
    });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await dashboard.close();
    await mail.close();
    host.server.close();
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'en-US' });
    page = await context.newPage();
  });
  afterEach(() => context.close());

  const heading = (name: string): Promise<void> => page.getByRole('heading', { name, level: 1 }).waitFor();
  const token = (expiresIn = 3600): string => {
    dashboard.api.clock.set(new Date());
    return dashboard.api.token('affiliate', 'user-nora', { expiresIn });
  };
  const setStatus = async (id: string, status: string): Promise<void> =>
    void (await dashboard.api.request('PATCH', `/v1/affiliates/${id}`, { body: { status } }));

  it('a link leads, by a first load as small as documented, of which nothing comes from elsewhere', async () => {
    const { complaints } = watchPage(page, dashboard.url);
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    let bytes = 0;
    const files: string[] = [];
    session.on('Network.responseReceived', ({ response }) => void files.push(new URL(response.url).pathname));
    session.on('Network.loadingFinished', ({ encodedDataLength }) => void (bytes += encodedDataLength));
    await openDashboard(dashboard, page, nora.id);
    await heading('Overview');
    await page.waitForLoadState('networkidle');
    expect(files.filter((path) => /^\/dashboard\/assets\/.*\.(?:css|js)$/.test(path))).toHaveLength(2);
    expect(bytes).toBeLessThan(FIRST_LOAD_BYTES_MAX);
    expect(complaints).toEqual([]);
  });

  it('somebody who has earned nothing yet is told what to do, and what will be where', async () => {
    await openDashboard(dashboard, page, nora.id);
    await page.getByText('There is nothing to pay out yet.').waitFor();
    await page.getByText('Nothing earned yet.').waitFor();
    await page.getByText('Nothing happened in this period.').waitFor();
    await page.getByText('No commissions yet').waitFor();
    await takeScreenshot(page, 'dashboard-new-affiliate');
    expect(await findSeriousProblems(page)).toEqual([]);
    for (const [path, text] of [
      ['/referrals', 'No referrals yet'],
      ['/referrals/not-credited', 'Every signup was credited'],
      ['/payouts', 'No payouts yet'],
      ['/links', 'Once a link with a sub-id is followed'],
      ['/notices', 'Nothing to tell'],
    ]) {
      await page.goto(`${dashboard.url}/dashboard${path}`);
      await page.getByText(text!).waitFor();
    }
  });

  it('onboarding at Stripe is one button away, and the page knows when one comes back', async () => {
    await openDashboard(dashboard, page, nora.id);
    await page.getByRole('link', { name: 'Set up payouts' }).click();
    await page.getByText('Not set up yet').waitFor();
    await takeScreenshot(page, 'dashboard-not-onboarded');
    await page.getByRole('button', { name: 'Set up with Stripe' }).click();
    await page.getByRole('button', { name: 'Complete onboarding' }).click();
    await page.waitForURL(/\/dashboard\/getting-paid\?from=stripe/);
    await heading('Getting paid');
    await page.getByText('Everything is there. You can be paid.').waitFor();
    await page.getByText('Ready to be paid').waitFor();
    await takeScreenshot(page, 'dashboard-onboarded');

    await page.goto(`${dashboard.url}/dashboard/getting-paid?from=expired`);
    await page.getByText('That link had been used or had expired').waitFor();
  });

  it('nobody gets without a link, nor after signing out', async () => {
    await page.goto(`${dashboard.url}/dashboard/payouts`);
    await heading('Your session has ended');
    await page.getByText('Open the dashboard from your app again').waitFor();
    expect(await page.getByRole('link', { name: 'Go to app.example.com' }).getAttribute('href')).toBe(
      'https://app.example.com/',
    );
    await takeScreenshot(page, 'dashboard-session-ended');
    expect(await findSeriousProblems(page)).toEqual([]);

    await openDashboard(dashboard, page, nora.id);
    await heading('Overview');
    await page.getByRole('button', { name: 'Preferences' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await heading('You are signed out');
    await page.reload();
    await heading('Your session has ended');
  });

  it('whoever is suspended is told so at once, and sees what it earned by a new link', async () => {
    const sam = await makeAffiliate(dashboard.api, 'sam', 'Sam Suspended');
    await openDashboard(dashboard, page, sam.id);
    await heading('Overview');
    await setStatus(sam.id, 'suspended');
    await page.getByRole('link', { name: 'Payouts', exact: true }).click();
    await heading('Your account is suspended');
    await takeScreenshot(page, 'dashboard-suspended-session');
    await openDashboard(dashboard, page, sam.id);
    await page.getByText('Your link earns nothing at present').waitFor();
    await heading('Overview');
    await takeScreenshot(page, 'dashboard-suspended');
    expect(await findSeriousProblems(page)).toEqual([]);
  });

  it('whoever waits for approval is told so', async () => {
    const pia = await makeAffiliate(dashboard.api, 'pia', 'Pia Pending', { status: 'pending' });
    await openDashboard(dashboard, page, pia.id);
    await page.getByText('Your account is waiting for approval').waitFor();
  });

  it('bad news about payouts stand on the first page, with the way to mend them', async () => {
    const bea = await makeAffiliate(dashboard.api, 'bea', 'Bea Bounced');
    await dashboard.api.database.transaction((tx) =>
      dashboard.api.app.get(AffiliateNotices).record(tx, {
        affiliateId: bea.id,
        uniqueKey: 'bounced',
        kind: 'bank_payout_failed',
        message: 'Your bank sent 25.00 USD back: the bank account was closed. Give Stripe another one.',
        details: { amount: 2500, currency: 'usd', failureCode: 'account_closed' },
        occurredAt: new Date(),
        stripeEventId: null,
      }),
    );
    await openDashboard(dashboard, page, bea.id);
    await page.getByText('Your bank sent 25.00 USD back: the bank account was closed.').waitFor();
    await takeScreenshot(page, 'dashboard-notice');
    expect(await findSeriousProblems(page)).toEqual([]);
    await page.getByRole('link', { name: 'See what is needed' }).click();
    await heading('Getting paid');
  });

  it('whoever reads German is told what the bank and Stripe said', async () => {
    const uta = await makeAffiliate(dashboard.api, 'uta', 'Uta Unleserlich');
    const { api } = dashboard;
    await onboard(api, uta.id);
    const accountId = await accountIdOf(api, uta.id);
    const problem = 'The document could not be read.';
    await atStripe(api, accountId, 'restrict', { problem });
    api.stripe.failBankPayout(accountId, { amount: 2500, currency: 'eur' }, 'account_closed');
    await api.settle();
    const german = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'de-DE' });
    const read = await german.newPage();
    await openDashboard(dashboard, read, uta.id);
    await read.getByText('zurückgeschickt: das Bankkonto wurde geschlossen.').waitFor();
    await read.goto(`${dashboard.url}/dashboard/getting-paid`);
    await read.getByText(`Lade ein Foto deines Ausweises hoch. Stripe schreibt dazu: „${problem}“`).waitFor();
    await takeScreenshot(read, 'dashboard-getting-paid-german');
    await german.close();
  });

  it.each([
    ['en-US', 'Page not found', 'Go to the overview', 'Overview'],
    ['de-DE', 'Seite nicht gefunden', 'Zur Übersicht', 'Übersicht'],
  ])('an address without a page says so, with a way back, in %s', async (locale, title, back, overview) => {
    const reader = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale });
    const read = await reader.newPage();
    await openDashboard(dashboard, read, nora.id);
    for (const path of ['nonsense', 'referrals/nonsense', 'payouts/po_1/nonsense']) {
      await read.goto(`${dashboard.url}/dashboard/${path}`);
      await read.getByRole('heading', { name: title, level: 1 }).waitFor();
      await eventually(async () =>
        expect([new URL(read.url()).pathname, await read.title()]).toEqual([`/dashboard/${path}`, title]),
      );
    }
    await takeScreenshot(read, `dashboard-missing-page-${locale}`);
    expect(await findSeriousProblems(read)).toEqual([]);
    await read.getByRole('link', { name: back }).click();
    await read.getByRole('heading', { name: overview, level: 1 }).waitFor();
    await reader.close();
  });

  it('e-mails are chosen one by one, in a language of their own', async () => {
    await openDashboard(dashboard, page, nora.id);
    await page.getByRole('link', { name: /^Notices/ }).click();
    const card = page.getByRole('region', { name: 'E-mails' });
    await card.getByText('What we write to nora@example.com:').waitFor();
    // The first choice is still on its way when the second one is made.
    const asked: Route[] = [];
    await page.route('**/v1/me/email-preferences', (route) => {
      if (route.request().method() === 'PATCH' && asked.push(route) === 1) return;
      return route.continue();
    });
    const [unwanted, german] = [
      card.getByRole('checkbox', { name: 'When a payout was sent to you', checked: false }),
      card.getByRole('radio', { name: 'Deutsch', checked: true }),
    ];
    await card.getByLabel('When a payout was sent to you').click();
    await unwanted.waitFor();
    await card.getByRole('radio', { name: 'Deutsch' }).click();
    await german.waitFor();
    expect([await unwanted.count(), asked.length]).toEqual([1, 1]);
    await asked[0]!.continue();
    const preferences = () => askAs(dashboard, 'user-nora', '/v1/me/email-preferences');
    await eventually(async () =>
      expect(await preferences()).toMatchObject({ payoutPaid: false, firstConversion: true, locale: 'de' }),
    );
    expect([await unwanted.count(), await german.count()]).toEqual([1, 1]);
    await takeScreenshot(page, 'dashboard-emails');
    expect(await findSeriousProblems(page)).toEqual([]);
    await page.reload();
    await unwanted.waitFor();
  });

  it('the host app embeds it by a token in the address, which is gone from there at once', async () => {
    await page.goto(`${host.url}/?dashboard=${encodeURIComponent(`${dashboard.url}/dashboard#token=${token()}`)}`);
    const frame = page.frameLocator('iframe');
    await frame.getByText('Nora New').waitFor();
    const [, embedded] = page.frames();
    expect(await embedded!.evaluate('location.href')).toBe(`${dashboard.url}/dashboard`);
    await frame.getByRole('button', { name: 'Preferences' }).click();
    expect(await frame.getByRole('button', { name: 'Sign out' }).count()).toBe(0);
    await takeScreenshot(page, 'dashboard-embedded');
  });

  it('an embedded page asks for its token, and for another one before that runs out', async () => {
    const next = token();
    const second = `Bearer ${next}`;
    let showed: () => void = () => {};
    // On a slow machine the first one runs out before anything was asked for with it: the next one comes after that.
    const isShown = new Promise<void>((resolve) => (showed = resolve));
    const given = [() => Promise.resolve(token(62)), () => isShown.then(() => next)];
    const seen: string[] = [];
    page.on('request', async (request) => {
      if (request.url().includes('/v1/me')) seen.push((await request.headerValue('authorization')) ?? '');
    });
    await page.exposeFunction('nextToken', () => given.shift()?.());
    await page.goto(`${host.url}/?dashboard=${encodeURIComponent(`${dashboard.url}/dashboard`)}`);
    const frame = page.frameLocator('iframe');
    await frame.getByText('Nora New').waitFor();
    const first = await eventually(async () => {
      expect(await Promise.resolve(seen)).not.toEqual([]);
      return seen[0];
    });
    showed();
    await page.waitForFunction('window.asked === 2');
    await frame.getByRole('link', { name: 'Payouts', exact: true }).click();
    await frame.getByText('No payouts yet').waitFor();
    expect(first).not.toBe(second);
    // What a request was sent with is asked for apart, and heard of later.
    await eventually(async () => expect(await Promise.resolve(seen.at(-1))).toBe(second));
  });

  it('a page that may not embed it shows nothing of it, and its tokens are not taken', async () => {
    const stranger = await startHostPage();
    await page.goto(`${stranger.url}/?dashboard=${encodeURIComponent(`${dashboard.url}/dashboard`)}`);
    await page.waitForLoadState('networkidle');
    expect(await page.frameLocator('iframe').locator('main').count()).toBe(0);
    stranger.server.close();
  });
});

interface HostPage {
  url: string;
  server: Server;
}

/** A page of the host app with the dashboard in it, which answers when a token is asked for. */
async function startHostPage(): Promise<HostPage> {
  const html = `<!doctype html><html lang="en"><title>Host app</title><h1>Host app</h1>
<iframe title="Affiliate dashboard" width="1200" height="760"></iframe>
<script>
const frame = document.querySelector('iframe');
const address = new URLSearchParams(location.search).get('dashboard');
window.asked = 0;
addEventListener('message', async ({ source, data }) => {
  if (source !== frame.contentWindow || data.type !== 'fairshare:token-needed') return;
  const token = await window.nextToken();
  frame.contentWindow.postMessage({ type: 'fairshare:token', token }, new URL(address).origin);
  window.asked += 1;
});
frame.src = address;
</script>`;
  const server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(html));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
