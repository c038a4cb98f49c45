import { readFile } from 'node:fs/promises';
import { DateTime } from 'luxon';
import type { Browser, Page } from 'playwright-core';
import { extractText, getDocumentProxy } from 'unpdf';
import type { AffiliatePageDto } from '../../src/affiliates/affiliate.dto.js';
import { startBrowser, takeScreenshot } from '../setup/browser.js';
import { eventually } from '../setup/eventually.js';
import { startExampleApp, type ExampleApp } from '../setup/example-app.js';
import { expectSoundLedger } from '../setup/ledger.js';
import { expectReconciled } from '../setup/reconciliation.js';
import { balancesOf } from '../setup/sales.js';
import { expectEveryPayoutExplained } from '../setup/statements.js';

/** The browser of the tests calls itself headless, and programs are not counted. */
const PERSON = {
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36',
  locale: 'en-US',
  timezoneId: 'UTC',
};
/** What a page that is there by now has not shown by then is not in it: it is loaded anew. */
const LOADED_WITHIN_MS = 15_000;

const SCREENS = [
  { screen: 'desktop', viewport: { width: 1360, height: 900 }, affiliate: 'Mara Lindqvist', monthsAhead: 1 },
  { screen: 'phone', viewport: { width: 390, height: 844 }, affiliate: 'Noor Haddad', monthsAhead: 2 },
];

/** All of it, as people see it: from a link that somebody shared to the statement of their money. */
describe('through the example app', () => {
  let example: ExampleApp;
  let browser: Browser;

  beforeAll(async () => {
    example = await startExampleApp();
    browser = await startBrowser();
    await fetch(`${example.api.stripe.url}/_emulator/balance`, {
      method: 'POST',
      body: JSON.stringify({ usd: 500_000 }),
    });
  });
  afterAll(async () => {
    await browser.close();
    await expectSoundLedger(example.api);
    await example.close();
  });

  it.each(SCREENS)(
    'on a $screen screen a visitor comes by a link and pays, and the affiliate sees why they get what, and gets it',
    async ({ screen, viewport, affiliate, monthsAhead }) => {
      const person = await browser.newContext({ viewport, ...PERSON });
      const visitor = await browser.newContext({ viewport, ...PERSON });
      const shoot = (page: Page, name: string): Promise<void> => takeScreenshot(page, `story-${screen}-${name}`);

      const account = await person.newPage();
      const link = await becomeAffiliate(account, affiliate);
      const paidPage = await visitor.newPage();
      await paidPage.goto(link);
      await paidPage.getByRole('heading', { name: 'A week that everybody can read' }).waitFor();
      await paidPage.waitForFunction('window.fairshare?.getClickId()');
      await shoot(paidPage, '1-landing');
      await signUp(paidPage, `Visitor on a ${screen}`);
      await subscribe(paidPage);
      await shoot(paidPage, '2-customer');
      await example.api.settle();

      await eventually(async () => {
        await account.reload();
        expect(await account.getByLabel('News').innerText({ timeout: LOADED_WITHIN_MS })).toContain(
          'You earned a commission.',
        );
      });
      const embedded = account.frameLocator('iframe');
      await embedded.getByText('$29.80').first().waitFor();
      await embedded.getByText('Set up payouts').first().waitFor();
      await account.locator('iframe').evaluate('(frame) => frame.scrollIntoView()');
      // What a frame of another origin shows is painted by a process of its own.
      await embedded.locator('main').evaluate('() => new Promise(requestAnimationFrame)');
      await shoot(account, '3-embedded-dashboard');

      const [dashboard] = await Promise.all([
        person.waitForEvent('page'),
        account.getByRole('button', { name: 'Open the dashboard in a tab of its own' }).click(),
      ]);
      await dashboard.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
      expect(dashboard.url()).toBe(`${example.serviceUrl}/dashboard`);
      await dashboard.getByText('$29.80').first().waitFor();
      await shoot(dashboard, '4-overview');

      await goTo(dashboard, 'Commissions');
      await dashboard.getByRole('link', { name: /^How \$29\.80 of .* came about$/ }).click();
      await dashboard.getByText('20% of $149.00 is $29.80.').first().waitFor();
      await shoot(dashboard, '5-explanation');
      await dashboard.getByRole('dialog').getByRole('button', { name: 'Close' }).click();

      await goTo(dashboard, 'Getting paid');
      await shoot(dashboard, '6-getting-paid');
      await dashboard.getByRole('button', { name: 'Set up with Stripe' }).click();
      await dashboard.getByRole('button', { name: 'Complete onboarding' }).click();
      await dashboard.getByText('Everything is there. You can be paid.').waitFor();
      await shoot(dashboard, '7-onboarded');

      const run = DateTime.utc().startOf('month').plus({ months: monthsAhead }).set({ hour: 6 });
      const args = ['--period', run.toFormat('yyyy-MM'), '--as-of', run.toISO()];
      const { exitCode, output } = await example.run('payouts', args);
      expect({ exitCode, output }).toMatchObject({ exitCode: 0, output: expect.stringContaining('29.80') });

      await goTo(dashboard, 'Payouts');
      await dashboard.getByRole('link', { name: /^Statement of .*, \$29\.80$/ }).click();
      await dashboard.getByRole('dialog').getByText('You received').waitFor();
      await shoot(dashboard, '8-statement');
      expect(await downloadedPdf(dashboard)).toContain('29.80');

      await dashboard.goto(`${example.serviceUrl}/dashboard`);
      await dashboard.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
      await dashboard.getByText('$29.80').first().waitFor();
      await shoot(dashboard, '9-paid');
      expect(await balancesOf(example.api, await affiliateIdOf(link))).toMatchObject([
        { currency: 'usd', held: 0, payable: 0, inPayout: 0, paid: 2980, lifetimeEarned: 2980 },
      ]);

      await expectSoundLedger(example.api);
      await expectEveryPayoutExplained(example.api);
      await expectReconciled(example.api);
      await person.close();
      await visitor.close();
    },
  );

  async function signUp(page: Page, name: string): Promise<void> {
    await page.goto(`${example.url}/signup`);
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('E-mail').fill(`${name.toLowerCase().replaceAll(/\W+/g, '.')}@example.com`);
    await page.getByLabel('Password').fill('correct horse battery');
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByRole('heading', { name: `Hello, ${name}` }).waitFor();
  }

  /** @returns the link that they share. */
  async function becomeAffiliate(page: Page, name: string): Promise<string> {
    await signUp(page, name);
    await page.getByRole('button', { name: 'Become an affiliate' }).click();
    const link = await page.getByLabel('Your link').inputValue();
    expect(link).toMatch(new RegExp(`^${example.serviceUrl}/r/[A-Z]+-\\w{4}$`));
    return link;
  }

  async function affiliateIdOf(link: string): Promise<string> {
    const code = new URL(link).pathname.slice('/r/'.length);
    const { body } = await example.api.request<AffiliatePageDto>('GET', `/v1/affiliates?code=${code}`);
    return body.data[0]?.id ?? '';
  }

  async function subscribe(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Subscribe to Studio' }).click();
    await page.getByRole('button', { name: 'Pay $149.00' }).click();
    await page.getByText('Cadence Studio').waitFor();
  }

  async function goTo(page: Page, name: string): Promise<void> {
    await page.getByRole('link', { name, exact: true }).click();
    await page.getByRole('heading', { name, level: 1 }).waitFor();
  }

  async function downloadedPdf(page: Page): Promise<string> {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page
        .getByRole('dialog')
        .getByRole('button', { name: /^Download PDF/ })
        .click(),
    ]);
    const document = await getDocumentProxy(new Uint8Array(await readFile(await download.path())));
    return (await extractText(document, { mergePages: true })).text;
  }
});
