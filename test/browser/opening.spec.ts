import type { Browser } from 'playwright-core';
import type { AffiliateDto } from '../../src/affiliates/affiliate.dto.js';
import type { DashboardLinkDto } from '../../src/dashboard/dashboard-link.dto.js';
import { startBrowser, takeScreenshot, watchPage } from '../setup/browser.js';
import { startPanel, type TestPanel } from '../setup/panel.js';

/** What a link does in a real browser, by the service as it was built: its policies hold only there. */
describe('a dashboard link, followed in a browser', () => {
  let service: TestPanel;
  let browser: Browser;
  let affiliate: AffiliateDto;

  beforeAll(async () => {
    service = await startPanel({ ADMIN_ENABLED: 'false' });
    const body = { userId: 'user-ann', name: 'Ann Archer' };
    affiliate = (await service.api.request<AffiliateDto>('POST', '/v1/affiliates', { body })).body;
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await service.close();
  });

  const mintLink = async (): Promise<string> => {
    const path = `/v1/affiliates/${affiliate.id}/dashboard-links`;
    const { body } = await service.api.request<DashboardLinkDto>('POST', path);
    const { pathname, search } = new URL(body.url);
    return service.url + pathname + search;
  };
  const links = () => service.api.database.prisma.dashboardLink.count();

  it('leads into the dashboard by itself, and from there back to where it was clicked', async () => {
    const context = await browser.newContext({ locale: 'en-GB' });
    const page = await context.newPage();
    const { complaints } = watchPage(page, service.url);
    await page.goto(`${service.url}/onboarding/return`);
    await page.goto(await mintLink());
    await page.waitForURL(`${service.url}/dashboard`);
    await page.getByText('Ann Archer').first().waitFor();
    const cookies = await context.cookies();
    expect(cookies).toMatchObject([
      { name: 'fs_dashboard', httpOnly: true, sameSite: 'Lax', secure: false, path: '/' },
    ]);
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.reload();
    await page.getByText('Ann Archer').first().waitFor();
    await page.goBack();
    expect(page.url()).toBe(`${service.url}/onboarding/return`);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('waits for its button where scripts do not run, and is used up by the button only', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, colorScheme: 'dark' });
    const page = await context.newPage();
    const link = await mintLink();
    await page.goto(link);
    await page.reload();
    expect(await links()).toBe(1);
    await takeScreenshot(page, 'dashboard-link');
    await page.getByRole('button', { name: 'Open the dashboard' }).click();
    await page.waitForURL(`${service.url}/dashboard`);
    expect([await links(), (await context.cookies()).length]).toEqual([0, 1]);
    await page.goto(link);
    await page.getByRole('button', { name: 'Open the dashboard' }).click();
    await page.getByRole('heading', { name: 'This link has been used or has expired' }).waitFor();
    await takeScreenshot(page, 'dashboard-link-used');
    await context.close();
  });

  it('sent by a form of another site leaves the browser as it was', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const link = new URL(await mintLink());
    await page.route('http://elsewhere.test/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${link.origin}/dashboard/open"><input name="token" value="${link.searchParams.get('token') ?? ''}"><button>Win</button></form>`,
      }),
    );
    await page.goto('http://elsewhere.test/');
    await page.getByRole('button').click();
    await page.getByText('foreign_origin').waitFor();
    expect([await links(), await context.cookies()]).toEqual([1, []]);
    await context.close();
  });
});
