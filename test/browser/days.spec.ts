import type { Browser, BrowserContext, Page } from 'playwright-core';
import { ReviewCases } from '../../src/fraud/review-cases.service.js';
import { findSeriousProblems } from '../setup/axe.js';
import { startBrowser, takeScreenshot, watchPage } from '../setup/browser.js';
import { eventually } from '../setup/eventually.js';
import { affiliateWithReferrals, onboard } from '../setup/host.js';
import { expectSoundLedger } from '../setup/ledger.js';
import { startPanel, type TestPanel } from '../setup/panel.js';
import { processEnv, runCommandProcess } from '../setup/processes.js';
import { balancesOf, sell, type Sale } from '../setup/sales.js';
import { STAFF_PASSWORD } from '../setup/staff.js';

const DESK = { width: 1360, height: 900 };
const PHONE = { width: 390, height: 844 };
/** What a page that is there by now has not shown by then is not in it: it is loaded anew. */
const LOADED_WITHIN_MS = 15_000;

/** Days of staff in a real Chromium, against the built server. */
describe('in the admin panel', () => {
  let panel: TestPanel;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    panel = await startPanel({ PAYOUT_APPROVAL: 'manual' });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await expectSoundLedger(panel.api);
    await panel.close();
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: DESK });
    page = await context.newPage();
    ({ complaints } = watchPage(page, panel.url));
  });
  afterEach(async () => {
    expect(complaints).toEqual([]);
    await context.close();
    await expectSoundLedger(panel.api);
  });

  async function logIn(email: string): Promise<void> {
    await page.goto(`${panel.url}/admin/login`);
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password').fill(STAFF_PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Today', level: 1 }).waitFor();
  }

  async function act(button: string, reason: string): Promise<void> {
    await page.getByLabel('Reason').fill(reason);
    await page.getByRole('button', { name: button, exact: true }).click();
  }

  it('a reviewer logs in, opens the queue, reads the evidence, rejects, sees the balance change and logs out', async () => {
    const sale = await sell(panel.api, 'Rita', { total: 10_000 });
    await openCase(panel, sale);

    await page.goto(`${panel.url}/admin`);
    await takeScreenshot(page, 'login');
    await logIn('reviewer@example.com');
    const tile = page.getByRole('link', { name: /1 open cases 1 hold money/ });
    await tile.waitFor();
    await takeScreenshot(page, 'start-page-of-a-reviewer');
    await tile.click();

    await page.getByRole('heading', { name: /Review queue/ }).waitFor();
    await page.getByText('31 signups out of 40 unique clicks').waitFor();
    await takeScreenshot(page, 'review-queue');
    await page.getByText('31 signups out of 40 unique clicks').click();

    await page.getByText('unique clicks', { exact: true }).waitFor();
    const balances = page.getByRole('region', { name: 'Balances by currency' });
    expect(await balances.locator('tbody td').allTextContents()).toEqual([
      '0.00 USD',
      '20.00 USD',
      '0.00 USD',
      '0.00 USD',
      '20.00 USD',
    ]);
    await takeScreenshot(page, 'review-case');

    await page.getByTestId('action-reject').click();
    await page.getByText('This cannot be undone').waitFor();
    await takeScreenshot(page, 'rejecting-a-case');
    await act('Reject', 'One person, forty devices.');

    await page
      .getByText(/20\.00 USD taken back/)
      .first()
      .waitFor();
    await page.getByText('rejected', { exact: true }).first().waitFor();
    expect(await balances.locator('tbody td').allTextContents()).toEqual(Array(5).fill('0.00 USD'));
    await takeScreenshot(page, 'rejected-case');
    expect(await balancesOf(panel.api, sale.affiliateId)).toMatchObject([
      { currency: 'usd', payable: 0, lifetimeEarned: 0 },
    ]);
    const audited = await panel.api.database.prisma.auditLog.findFirstOrThrow({
      where: { action: 'review_case.rejected' },
      orderBy: { id: 'desc' },
    });
    expect(audited).toMatchObject({ reason: 'One person, forty devices.', before: { status: 'open' } });

    await page.getByRole('link', { name: 'Log out' }).click();
    await page.getByLabel('Password').waitFor();
    await page.goto(`${panel.url}/admin/resources/review-cases`);
    await page.getByLabel('Password').waitFor();
  });

  it('finance previews the next run, approves it, watches it being paid, and cannot approve what they adjusted', async () => {
    const names = ['Fay', 'Fritz'];
    const affiliates = [];
    for (const name of names) {
      const { affiliateId } = await sell(panel.api, name, { total: 20_000 });
      await onboard(panel.api, affiliateId);
      affiliates.push(affiliateId);
    }
    await logIn('finance@example.com');
    await page.getByRole('link', { name: 'Preview of the next run' }).click();
    await page.getByRole('heading', { name: /What the run of \d{4}-\d\d would pay/ }).waitFor();
    const paid = page.getByRole('region', { name: 'What would be paid' });
    expect(await paid.locator('tbody td').allTextContents()).toEqual(['USD', '2', '80.00 USD']);
    await takeScreenshot(page, 'preview-of-a-run');

    const period = await reserveRun(panel);
    await page.goto(`${panel.url}/admin`);
    await page.getByRole('link', { name: new RegExp(`${period} run awaiting approval`) }).click();
    await page.getByText('2 pending').waitFor();
    await takeScreenshot(page, 'run-that-waits');
    await page.getByTestId('action-approve').click();
    await act('Approve and send', 'Looked at the preview with Anna.');

    await page.getByText('2 paid').waitFor();
    await page.getByText('completed', { exact: true }).first().waitFor();
    await takeScreenshot(page, 'run-that-was-paid');
    for (const id of affiliates) {
      expect(await balancesOf(panel.api, id)).toMatchObject([{ payable: 0, inPayout: 0, paid: 4000 }]);
    }
  });

  it('a viewer reads everything and finds no button to do anything with', async () => {
    const sale = await sell(panel.api, 'Vera', { total: 10_000 });
    await openCase(panel, sale);
    await logIn('viewer@example.com');
    await page.goto(`${panel.url}/admin/resources/affiliates/records/${sale.affiliateId}/show`);
    await page.getByRole('region', { name: 'Balances by currency' }).waitFor();
    for (const name of ['Suspend', 'Adjust the balance', 'Export', 'Edit', 'Delete']) {
      expect(await page.getByText(name, { exact: true }).count()).toBe(0);
    }
    await page.getByRole('link', { name: 'Commissions' }).last().click();
    await page.locator('tbody tr').first().click();
    await page.getByText('How it came to this amount').waitFor();
    await page.getByText('20 % of 100.00 USD earned 20.00 USD').waitFor();
    await takeScreenshot(page, 'commission-step-by-step');
  });

  it('an admin reads which rules hold and who sets them, opens what one refused, and has the ledger proven', async () => {
    const { code } = await affiliateWithReferrals(panel.api, 'Rolf', []);
    const body = { referredUserId: 'user-Rolf', code };
    await panel.api.request('POST', '/v1/referrals', { body });
    await logIn('admin@example.com');
    await page.goto(`${panel.url}/admin/resources/rules`);
    await page.getByText('30 days (COOKIE_WINDOW_DAYS)').waitFor();
    await page.getByText('25.00 USD; as much in any other currency').waitFor();
    await takeScreenshot(page, 'rules');
    await page.getByText('self referral', { exact: true }).click();
    await page.getByText('It always refuses: a commission on one’s own purchase').waitFor();
    expect(await page.getByTestId('action-change').count()).toBe(0);
    await takeScreenshot(page, 'rule-of-the-engine');
    await page.getByRole('link', { name: 'Signups it refused' }).click();
    await page.locator('tbody').getByText('user-Rolf').waitFor();
    expect(await page.locator('tbody tr').count()).toBe(1);

    await page.goto(`${panel.url}/admin/resources/ledger`);
    await page.getByTestId('action-verify').click();
    await act('Verify now', 'The auditors come today.');
    await page.getByText('The ledger is being proven').first().waitFor();
    await eventually(async () => {
      await page.goto(`${panel.url}/admin`);
      await page
        .getByRole('link', { name: /0 breaches in the ledger every figure worked out again, [^;]*UTC$/ })
        .waitFor({ timeout: LOADED_WITHIN_MS });
    });
  });

  it('an address that nothing has says so, on a desk and on a phone, and leads back', async () => {
    await logIn('admin@example.com');
    // Browsers complain about the status themselves.
    const visit = await context.newPage();
    for (const [name, path, sentence] of [
      ['address', '/nonsense', 'It may be mistyped or out of date.'],
      ['page', '/pages/nope', 'It may be mistyped or out of date.'],
      ['list', '/resources/nope', 'The panel has no such list.'],
      ['action', '/resources/payouts/actions/nope', 'There is no such record or action'],
      ['record', '/resources/payouts/records/po_gone/show', 'There is no such record or action'],
    ] as const) {
      const response = await visit.goto(`${panel.url}/admin${path}`);
      expect([name, response?.status()]).toEqual([name, 404]);
      const main = visit.getByRole('main');
      await main.getByRole('heading', { name: 'There is nothing here' }).waitFor();
      await main.getByText(sentence).waitFor();
      expect(await findSeriousProblems(visit)).toEqual([]);
      for (const [where, size] of Object.entries({ desk: DESK, phone: PHONE })) {
        await visit.setViewportSize(size);
        await takeScreenshot(visit, `nothing-there-${name}-${where}`);
        expect(await visit.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(size.width);
      }
      await main.getByRole('link', { name: 'Go to the start page' }).click();
      await visit.getByRole('heading', { name: 'Today', level: 1 }).waitFor();
      await visit.setViewportSize(DESK);
    }
    await page.getByRole('link', { name: 'My account' }).click();
    await page.getByRole('main').getByRole('heading').first().waitFor();
    expect(await page.getByRole('link', { name: 'Go to the start page' }).count()).toBe(0);
  });

  it('the menu stands open beside the page on a common laptop', async () => {
    await sell(panel.api, 'Lara', { total: 10_000 });
    await page.setViewportSize({ width: 1280, height: 800 });
    await logIn('admin@example.com');
    await page.getByRole('navigation', { name: 'Lists' }).getByRole('link', { name: 'Affiliates' }).click();
    await page.locator('tbody tr').first().waitFor();
    const [menu, content, list] = await Promise.all(
      ['[data-css="sidebar"]', '[data-css="app-content"]', 'table'].map((part) => page.locator(part).boundingBox()),
    );
    expect([menu!.x, content!.x, content!.x + content!.width]).toEqual([0, menu!.width, 1280]);
    expect(list!.x + list!.width).toBeLessThan(1280);
    expect(await page.getByRole('button', { name: 'Menu' }).count()).toBe(0);
    await takeScreenshot(page, 'list-on-a-laptop');
  });

  it('a record is found and opened, and the panel left, by keyboard alone, with the menu open or shut', async () => {
    const { affiliateId } = await sell(panel.api, 'Kay', { total: 10_000 });
    await page.setViewportSize({ width: 1199, height: 800 });
    await logIn('admin@example.com');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Menu');
    await page.keyboard.press('Enter');
    await page.locator('[data-css="sidebar"].visible').waitFor();
    const menu = page.getByRole('navigation', { name: 'Lists' }).getByRole('link', { name: 'Affiliates' });
    await menu.press('Enter');
    await page.locator('tbody tr').first().waitFor();
    // Neither the menu nor the filters take the keyboard while they lie beside the window.
    const order = await pressTabs(page, 12);
    expect(order.filter((name) => ['Start page', 'Name', 'Close the filters'].includes(name))).toEqual([]);
    expect(await page.getByRole('columnheader', { name: 'Status' }).count()).toBe(1);
    await page.getByRole('checkbox', { name: 'Select Kay' }).waitFor();

    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await page.getByLabel('Since, from').waitFor();
    await page.getByLabel('Name', { exact: true }).fill('Kay');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Filter (1)' }).waitFor();
    await page.getByRole('button', { name: 'Close the filters' }).press('Enter');
    await page.getByRole('link', { name: 'Kay', exact: true }).press('Enter');
    await page.waitForURL(new RegExp(`${affiliateId}/show$`));
    await page.getByRole('region', { name: 'Balances by currency' }).waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'Kay', exact: true }).waitFor();
    await page.getByRole('link', { name: 'Log out' }).press('Enter');
    await page.getByLabel('Password').waitFor();
  });

  it('everything can be read and done on a phone', async () => {
    const sale = await sell(panel.api, 'Phil', { total: 10_000 });
    await openCase(panel, sale);
    await page.setViewportSize(PHONE);
    await logIn('admin@example.com');
    await page.getByRole('heading', { name: 'The last thirty days' }).waitFor();
    await takeScreenshot(page, 'start-page-on-a-phone');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width);
    await page.goto(`${panel.url}/admin/resources/affiliates`);
    await page.locator('td[data-property-name="status"]').first().scrollIntoViewIfNeeded();
    await takeScreenshot(page, 'affiliates-on-a-phone-pushed-aside');
    for (const [name, path] of [
      ['affiliates-on-a-phone', '/resources/affiliates'],
      ['affiliate-on-a-phone', `/resources/affiliates/records/${sale.affiliateId}/show`],
      ['adjusting-on-a-phone', `/resources/affiliates/records/${sale.affiliateId}/adjust`],
      ['account-on-a-phone', '/pages/my-account'],
    ] as const) {
      await page.goto(`${panel.url}/admin${path}`);
      await page.waitForLoadState('networkidle');
      await takeScreenshot(page, name);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width);
    }
  });
});

function focused(page: Page): Promise<string> {
  return page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent");
}

/** @returns what had the focus in turn. */
async function pressTabs(page: Page, times: number): Promise<string[]> {
  const names = [];
  for (let pressed = 0; pressed < times; pressed++) {
    await page.keyboard.press('Tab');
    names.push(await focused(page));
  }
  return names;
}

/** What the rule finds where too many of the visitors sign up: a case that holds the affiliate's money. */
async function openCase({ api }: TestPanel, { affiliateId }: Sale): Promise<void> {
  const signal = {
    key: 'rate',
    summary: '31 signups out of 40 unique clicks: 77.5 %, where 30 % is the limit.',
    evidence: { signups: 31, uniqueClicks: 40, ratePercent: 77.5, limitPercent: 30 },
  };
  await api.database.transaction((tx) =>
    api.app.get(ReviewCases).openAll(tx, 'conversion_rate', [{ affiliateId, signal }], true),
  );
}

/** Runs the command that the first of the month runs, at this moment; it stops where finance has to decide. */
async function reserveRun({ database, api }: TestPanel): Promise<string> {
  const asOf = new Date(Date.now() + 1000).toISOString();
  const period = asOf.slice(0, 7);
  const env = processEnv(database, api.stripe, { PAYOUT_APPROVAL: 'manual' });
  const { exitCode, output } = await runCommandProcess('payouts', ['--period', period, '--as-of', asOf], env);
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
  return period;
}
