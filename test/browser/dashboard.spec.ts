import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Download, Locator, Page } from 'playwright-core';
import type { CommissionPageDto } from '../../src/commissions/commission.dto.js';
import type { OverviewDto } from '../../src/dashboard/overview/overview.dto.js';
import type { PayoutPageDto } from '../../src/payouts/payout.dto.js';
import type { StatsDto } from '../../src/referrals/stats/stats.dto.js';
import { findSeriousProblems } from '../setup/axe.js';
import { startBrowser, takeScreenshot, watchPage } from '../setup/browser.js';
import { askAs, openDashboard, startDashboard, type TestDashboard } from '../setup/dashboard-page.js';
import { EXAMPLE, REFUNDED, storyBegins, tellJohnsStory } from '../setup/johns-story.js';
import { expectSoundLedger } from '../setup/ledger.js';

const DESK = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
const LOCALE = 'en-US';

const money = (minor: number, currency: string, locale = LOCALE): string =>
  new Intl.NumberFormat(locale, { style: 'currency', currency }).format(minor / 100);
const count = (value: number): string => new Intl.NumberFormat(LOCALE).format(value);
const date = (iso: string, locale = LOCALE): string =>
  new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(
    new Date(iso),
  );

/** What a card or a choice has no room for. */
const STICKING_OUT = `[...document.querySelectorAll('.card, .segmented label > span')]
  .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
  .map(({ className, textContent }) => className + ': ' + textContent)`;

/** What an affiliate reads of a quarter of its business, in a real Chromium, from the built server. */
describe('on the dashboard', () => {
  let dashboard: TestDashboard;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];
  let affiliateId: string;

  beforeAll(async () => {
    dashboard = await startDashboard({ begin: storyBegins() }, async (api) => {
      affiliateId = (await tellJohnsStory(api)).id;
    });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await expectSoundLedger(dashboard.api);
    await dashboard.close();
  });
  beforeEach(() => visit({}));
  afterEach(async () => {
    expect(complaints).toEqual([]);
    await context.close();
  });

  /** A new browser that has opened the dashboard by a link. */
  async function visit(options: Parameters<Browser['newContext']>[0]): Promise<void> {
    context = await browser.newContext({
      viewport: DESK,
      locale: LOCALE,
      permissions: ['clipboard-read', 'clipboard-write'],
      ...options,
    });
    page = await context.newPage();
    ({ complaints } = watchPage(page, dashboard.url));
    await openDashboard(dashboard, page, affiliateId);
    await page.getByTestId('counts').waitFor();
  }

  const ask = <T>(path: string): Promise<T> => askAs<T>(dashboard, 'user-john', path);
  const go = (name: string): Promise<void> => page.getByRole('link', { name, exact: true }).click();
  const rows = (): Locator => page.getByRole('table').getByRole('rowgroup').last().getByRole('row');

  async function openCommission(invoiceId: string): Promise<Locator> {
    const { data } = await ask<CommissionPageDto>('/v1/me/commissions?limit=100');
    await page.goto(`${dashboard.url}/dashboard/commissions/${data.find((one) => one.invoiceId === invoiceId)!.id}`);
    const drawer = page.getByRole('dialog');
    await drawer.getByTestId('explanation').waitFor();
    return drawer;
  }

  it('the overview says what the API says: the link, the counts, the money of each currency, what is paid next', async () => {
    const told = await ask<OverviewDto>('/v1/me/overview');
    const { counts, balances, nextPayouts, affiliate } = told;
    expect(balances.map(({ currency }) => currency)).toEqual(['eur', 'usd']);
    for (const { currency, ...amounts } of balances) {
      const { held, payable, inPayout, paid, lifetimeEarned } = amounts;
      expect(await page.getByTestId(`balance-${currency}`).locator('.figure-value').allTextContents()).toEqual(
        [held, payable, inPayout, paid, lifetimeEarned].map((amount) => money(amount, currency)),
      );
    }
    expect(await page.getByTestId('counts').locator('.figure-value').allTextContents()).toEqual([
      count(counts.clicks),
      count(counts.signups),
      count(counts.payingCustomers),
      `${Math.round(counts.conversionRate * 10_000) / 100}%`,
    ]);
    const next = page.getByRole('region', { name: 'Next payout' });
    expect(await next.textContent()).toContain(date(told.nextRun!.date));
    const usd = nextPayouts.find(({ currency }) => currency === 'usd')!;
    expect([usd.willBePaid, await next.locator('.amount-large').first().textContent()]).toEqual([
      true,
      money(usd.amount, 'usd'),
    ]);
    await next.getByText('€20.00 so far; payouts start at €25.00. €5.00 more and it is paid.').waitFor();

    expect(await page.getByTestId('referral-url').textContent()).toBe(affiliate.referralUrl.replace('http://', ''));
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(affiliate.referralUrl);
    await page.getByRole('button', { name: 'QR code' }).click();
    await page.getByRole('img', { name: `QR code of ${affiliate.referralUrl}` }).waitFor();
    await takeScreenshot(page, 'dashboard-overview');
  });

  it('a commission tells how its amount came about, and every step since, to the cent', async () => {
    const { data } = await ask<CommissionPageDto>('/v1/me/commissions?limit=100');
    const { explanation, availableAt } = data.find(({ invoiceId }) => invoiceId === EXAMPLE.id)!;
    const drawer = await openCommission(EXAMPLE.id);
    expect(await drawer.getByTestId('explanation').locator('p').allTextContents()).toEqual([
      `The customer paid $99.00 on ${date(explanation.steps[0]!.occurredAt)}, $15.81 of it tax.`,
      '20% of $83.19 is $16.638, rounded down to $16.63.',
      `Payable since ${date(availableAt)}.`,
      'The rate is that of your plan.',
    ]);
    expect(await drawer.locator('.timeline-title').allTextContents()).toEqual([
      '$16.63 earned',
      '$16.63 became payable',
      'Paid out',
    ]);
    await takeScreenshot(page, 'dashboard-commission');
    await drawer.getByText('For checking').click();
    await drawer.getByText(explanation.formula).waitFor();

    const refunded = await openCommission(REFUNDED.id);
    expect(await refunded.locator('.timeline-reversed').locator('p').allTextContents()).toEqual([
      '$6.73 taken back',
      '−$6.73',
      expect.stringContaining('now worth $18.31'),
      'The customer got a refund of $40.00.',
      '$109.00 of the $149.00 that the customer paid remain.',
      '20% of $125.21 × $109.00 ÷ $149.00 is $18.31931543…, rounded down to $18.31.',
    ]);
    await refunded.getByText('originally $25.04').waitFor();

    const disputed = await openCommission('in_disputed');
    expect(await disputed.locator('.timeline-title').allTextContents()).toEqual([
      '$82.35 earned',
      '$82.35 became payable',
      'Paid out',
      '$82.35 taken back',
      '$82.35 given back',
    ]);
    await disputed.getByText('The customer’s bank disputes $490.00.').waitFor();
    await disputed.getByText('The dispute over $490.00 was won.').waitFor();
  });

  it('tables are read page by page, filtered, and saved as a file with all that matches', async () => {
    await go('Commissions');
    await page.getByRole('heading', { name: 'Commissions', level: 1 }).waitFor();
    const all = (await ask<CommissionPageDto>('/v1/me/commissions?limit=100')).data;
    await rows().nth(19).waitFor();
    const firstOfPage = await rows().first().textContent();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('Page 2').waitFor();
    expect(await rows().count()).toBe(all.length - 20);
    await page.getByRole('button', { name: 'Previous' }).click();
    await page.getByText('Page 1').waitFor();
    expect(await rows().first().textContent()).toBe(firstOfPage);

    await page.getByLabel('State').selectOption('On hold');
    await page.waitForURL(/state=held/);
    const held = all.filter(({ state }) => state === 'held');
    await rows().nth(held.length).waitFor({ state: 'detached' });
    await rows().first().waitFor();
    expect(await rows().locator('td:last-child').allTextContents()).toEqual(
      held.map(({ netAmount, currency }) => money(netAmount, currency)),
    );
    const csv = await saved(() => page.getByRole('button', { name: 'Download CSV' }).click());
    expect([csv.name, csv.text.trim().split('\n')]).toEqual(['commissions.csv', expect.any(Array)]);
    expect(csv.text.trim().split('\n')).toHaveLength(held.length + 1);
    for (const { id } of held) expect(csv.text).toContain(id);

    await page.getByLabel('Currency').selectOption('EUR');
    await page.getByText('Nothing matches these filters.').waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await rows().nth(19).waitFor();
    await takeScreenshot(page, 'dashboard-commissions');
  });

  it('a payout opens its statement, which is to be had as PDF and CSV', async () => {
    const payout = (await ask<PayoutPageDto>('/v1/me/payouts')).data[0]!;
    await go('Payouts');
    await page.getByRole('link', { name: /^Statement of/ }).click();
    const drawer = page.getByRole('dialog');
    await drawer.getByText('You received').waitFor();
    expect(await drawer.locator('.amount-large').textContent()).toBe(money(payout.amount, 'usd'));
    const items = await drawer.locator('.items .timeline-change').allTextContents();
    expect(items.reduce((sum, text) => sum + Number(text.replace(/\D/g, '')), 0)).toBe(payout.amount);
    await takeScreenshot(page, 'dashboard-statement');

    const pdf = await saved(() => drawer.getByRole('button', { name: /^Download PDF/ }).click());
    expect([pdf.name.endsWith('.pdf'), pdf.text.slice(0, 5)]).toEqual([true, '%PDF-']);
    const csv = await saved(() => drawer.getByRole('button', { name: /^Download CSV/ }).click());
    expect(csv.name).toMatch(/\.csv$/);

    await drawer.getByRole('link', { name: 'Explain' }).first().click();
    await page.getByText('20% of $83.19 is $16.638, rounded down to $16.63.').waitFor();
    await page.goBack();
    await drawer.getByText('You received').waitFor();
  });

  it('signups are listed with their customer masked, and those that were not credited with the reason', async () => {
    await go('Referrals');
    await rows().nth(6).waitFor();
    expect(await rows().filter({ hasText: 'da***ks' }).textContent()).toContain('Not paying yet');
    expect(await rows().filter({ hasText: 'a***' }).last().textContent()).toContain('$33.26');
    await page.getByLabel('Status').selectOption('Not paying yet');
    await page.waitForURL(/status=trial/);
    await rows().nth(1).waitFor({ state: 'detached' });

    await go('Not credited');
    await rows().nth(2).waitFor();
    expect(await rows().locator('td:nth-child(3)').allTextContents()).toEqual([
      'The signup came too late: the time for crediting it had run out since the click.',
      'The e-mail address was a disposable one.',
      'It was you yourself: your own user account or e-mail address.',
    ]);
    await takeScreenshot(page, 'dashboard-not-credited');
  });

  it('the chart compares with the period before, is walked through by keyboard, and can be read as a table', async () => {
    const chart = page.getByRole('slider');
    await chart.waitFor();
    await chart.focus();
    await page.keyboard.press('End');
    const to = new Date().toISOString().slice(0, 10);
    const from = new Date(Date.now() - 29 * 86_400_000).toISOString().slice(0, 10);
    const stats = await ask<StatsDto>(`/v1/me/stats?from=${from}&to=${to}&interval=day&compare=previous`);
    const [last, before] = [stats.series.at(-1)!, stats.previous!.series.at(-1)!];
    expect(await chart.getAttribute('aria-valuetext')).toBe(
      `${date(last.date)}: ${count(last.clicks)}; ${date(before.date)}: ${count(before.clicks)}`,
    );
    await page.keyboard.press('ArrowLeft');
    expect(await chart.getAttribute('aria-valuetext')).toContain(date(stats.series.at(-2)!.date));

    await page.getByRole('radio', { name: '12 months' }).check();
    await page.getByRole('button', { name: 'Show as table' }).click();
    const table = page.getByRole('region', { name: 'Over time' }).getByRole('table');
    await table.locator('tbody tr').nth(11).waitFor();
    await page.waitForFunction("document.querySelectorAll('.plain-table tbody tr').length === 12");
    const year = Number(to.slice(0, 4)) - (to.slice(5, 7) === '12' ? 0 : 1);
    const firstMonth =
      to.slice(5, 7) === '12' ? `${year}-01-01` : `${year}-${String(Number(to.slice(5, 7)) + 1).padStart(2, '0')}-01`;
    const monthly = await ask<StatsDto>(`/v1/me/stats?from=${firstMonth}&to=${to}&interval=month&compare=previous`);
    expect(await table.locator('tbody td:nth-child(2)').allTextContents()).toEqual(
      monthly.series
        .map(({ clicks }, index) => `${count(clicks)} ${count(monthly.previous!.series[index]!.clicks)} before`)
        .reverse(),
    );
  });

  it('a link is built to any page of the site with a note, and leads there', async () => {
    await go('Links');
    await page.getByRole('textbox', { name: /^Page/ }).fill('https://elsewhere.example/pricing');
    await page.getByText('Links can lead to pages of app.example.com only.').waitFor();
    await page.getByRole('textbox', { name: /^Page/ }).fill('/pricing?plan=pro');
    await page.getByRole('textbox', { name: /^Sub-id/ }).fill('spring letter');
    const link = (await page.getByTestId('built-link').textContent())!;
    await takeScreenshot(page, 'dashboard-links');
    const answer = await fetch(link, { redirect: 'manual', headers: { 'user-agent': 'Mozilla/5.0 Chrome/142.0' } });
    expect(answer.headers.get('location')).toMatch(
      /^https:\/\/app\.example\.com\/pricing\?plan=pro&ref=JOHN-2027&click_id=clk_/,
    );
    const click = await dashboard.api.database.prisma.click.findFirstOrThrow({ orderBy: { id: 'desc' } });
    expect(click.subId).toBe('spring letter');
  });

  it('speaks German with German numbers once it is told to, also the next time', async () => {
    await page.getByRole('button', { name: 'Preferences' }).click();
    await page.getByRole('radio', { name: 'Deutsch' }).check();
    await page.getByRole('heading', { name: 'Übersicht', level: 1 }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
    await page.getByRole('radio', { name: 'Dunkel' }).check();
    expect(await backgroundOf(page)).toBe('rgb(16, 18, 27)');
    await page.reload();
    await page.getByRole('heading', { name: 'Übersicht', level: 1 }).waitFor();
    expect(await backgroundOf(page)).toBe('rgb(16, 18, 27)');
    const drawer = await openCommission(EXAMPLE.id);
    await drawer.getByText('20 % von 83,19 $ sind 16,638 $, abgerundet auf 16,63 $.').waitFor();
    await takeScreenshot(page, 'dashboard-german-dark');
    await openCommission(REFUNDED.id);
    await drawer
      .getByText('20 % von 125,21 $ × 109,00 $ ÷ 149,00 $ sind 18,31931543… $, abgerundet auf 18,31 $.')
      .waitFor();
  });

  it('everything can be reached and left by keyboard alone', async () => {
    await page.reload();
    await page.getByTestId('counts').waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('content');
    await tabTo(page, 'Copy');
    await tabTo(page, 'Show all');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Commissions', level: 1 }).waitFor();
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
    await rows().first().waitFor();
    const opened = await rows().first().getByRole('link').getAttribute('aria-label');
    await tabTo(page, opened!);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByTestId('explanation').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe(opened);
  });

  it('says so when the API cannot be reached, and goes on when it can again', async () => {
    const payouts = /\/v1\/me\/payouts(\?|$)/;
    await page.route(payouts, (route) => route.fulfill({ status: 503, body: '' }));
    await go('Payouts');
    await page.getByText('The server had a problem. Your data is safe').waitFor();
    await takeScreenshot(page, 'dashboard-error');
    await page.unroute(payouts);
    await page.getByRole('button', { name: 'Try again' }).click();
    await rows().first().waitFor();
    // The browser itself notes each answer of 503.
    complaints.splice(0, complaints.length, ...complaints.filter((line) => !line.includes('503')));
  });

  it.each<[string, Parameters<Browser['newContext']>[0] & object]>([
    ['a desk, in the light', { colorScheme: 'light' }],
    ['a desk, in the dark', { colorScheme: 'dark' }],
    ['a phone', { viewport: PHONE, isMobile: true, hasTouch: true }],
    [
      'a phone, in the dark and in German',
      { viewport: PHONE, isMobile: true, colorScheme: 'dark' as const, locale: 'de-DE' },
    ],
  ])('nothing serious is in the way of anybody, and nothing is cut off, on %s', async (name, options) => {
    await context.close();
    await visit(options);
    const { data } = await ask<CommissionPageDto>('/v1/me/commissions?limit=100');
    const commission = data.find(({ invoiceId }) => invoiceId === REFUNDED.id)!.id;
    const payout = (await ask<PayoutPageDto>('/v1/me/payouts')).data[0]!.id;
    const suffix = name.replaceAll(/\W+/g, '-');
    for (const [place, path] of [
      ['overview', ''],
      ['referrals', '/referrals'],
      ['not-credited', '/referrals/not-credited'],
      ['commissions', '/commissions'],
      ['commission', `/commissions/${commission}`],
      ['payouts', '/payouts'],
      ['payout', `/payouts/${payout}`],
      ['links', '/links'],
      ['getting-paid', '/getting-paid'],
      ['notices', '/notices'],
    ] as const) {
      await page.goto(`${dashboard.url}/dashboard${path}`);
      await page.waitForLoadState('networkidle');
      await takeScreenshot(page, `dashboard-${place}-${suffix}`);
      expect([place, await findSeriousProblems(page)]).toEqual([place, []]);
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect([place, width]).toEqual([place, (options.viewport ?? DESK).width]);
      expect([place, await page.evaluate<string[]>(STICKING_OUT)]).toEqual([place, []]);
    }
  });

  async function saved(click: () => Promise<void>): Promise<{ name: string; text: string }> {
    const download: Promise<Download> = page.waitForEvent('download');
    await click();
    const file = await download;
    return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'latin1') };
  }
});

function backgroundOf(page: Page): Promise<string> {
  return page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
}

/** Presses Tab until something of this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  const focused = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent";
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate<string>(focused)).trim() === name) return;
  }
  throw new Error(`Tab never reached ${name}`);
}
