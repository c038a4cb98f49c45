import type { Browser, Page } from 'playwright-core';
import { startTestApp, type TestApp } from '../setup/app.js';
import { findSeriousProblems } from '../setup/axe.js';
import { startBrowser, takeScreenshot, watchPage } from '../setup/browser.js';

/** The description of the API for people, in a real Chromium. */
describe('the documentation’s page', () => {
  let api: TestApp;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    api = await startTestApp();
    browser = await startBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  });
  afterAll(async () => {
    await browser.close();
    await api.close();
  });

  const tooPale = async (): Promise<string[]> =>
    (await findSeriousProblems(page)).filter((problem) => problem.startsWith('color-contrast'));

  it('shows every call, and what can be read of it has the contrast of WCAG AA', async () => {
    const { complaints } = watchPage(page, api.url);
    await page.goto(`${api.url}/docs`);
    await page.locator('.opblock').first().waitFor();
    expect(await tooPale()).toEqual([]);
    for (const method of ['get', 'post', 'patch', 'delete']) {
      await page.locator(`.opblock-${method}`).filter({ hasText: '/v1/' }).first().click();
    }
    await page.locator('.opblock-post').getByRole('button', { name: 'Try it out' }).click();
    await page.getByRole('button', { name: 'Execute' }).waitFor();
    expect(await tooPale()).toEqual([]);
    await takeScreenshot(page, 'docs');
    await page.getByRole('button', { name: 'Authorize', exact: true }).click();
    await page.locator('.dialog-ux').waitFor();
    expect(await tooPale()).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
