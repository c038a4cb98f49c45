/** Every e-mail in a real Chromium, on a phone and a desktop, light and dark; kept for people to look at. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { AffiliateDto } from '../../src/affiliates/affiliate.dto.js';
import { MAIL_LOCALES } from '../../src/config/environment.js';
import { renderHtml } from '../../src/mail/content/html.js';
import { renderPlainText } from '../../src/mail/content/plain-text.js';
import { UnsubscribeLinks } from '../../src/mail/preferences/unsubscribe-links.js';
import { startTestApp } from '../setup/app.js';
import { startBrowser, takeScreenshot, watchPage } from '../setup/browser.js';
import { sampleMails } from '../setup/mail-samples.js';

const FOLDER = join(import.meta.dirname, '..', '..', 'test-results', 'mails');

const SCREENS = [
  ['phone', { width: 375, dark: false }],
  ['phone-dark', { width: 375, dark: true }],
  ['desktop', { width: 1024, dark: false }],
] as const;

/** Of the screen: the longest e-mail is in view at once. */
const HEIGHT = 1600;

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
  mkdirSync(FOLDER, { recursive: true });
});
afterAll(() => browser.close());

describe.each(MAIL_LOCALES)('e-mails in %s', (locale) => {
  it.each(sampleMails(locale))('%s fits every screen and fetches nothing', async (name, content) => {
    const html = renderHtml(content);
    writeFileSync(join(FOLDER, `${name}.${locale}.html`), html);
    writeFileSync(join(FOLDER, `${name}.${locale}.txt`), renderPlainText(content));
    for (const [screen, { width, dark }] of SCREENS) {
      const context = await browser.newContext({
        viewport: { width, height: HEIGHT },
        colorScheme: dark ? 'dark' : 'light',
        javaScriptEnabled: false,
      });
      const page = await context.newPage();
      const fetched: string[] = [];
      page.on('request', (request) => fetched.push(request.url()));
      await page.setContent(html);
      expect(await overflow(page)).toEqual([]);
      expect(await weakestContrast(page)).toBeGreaterThanOrEqual(4.5);
      const height = await page.evaluate<number>("document.querySelector('table').getBoundingClientRect().height");
      expect(height).toBeLessThanOrEqual(HEIGHT);
      await takeScreenshot(page, `mail-${name}-${locale}-${screen}`, height);
      expect(fetched).toEqual([]);
      await context.close();
    }
  });
});

describe('the page of an unsubscribe link', () => {
  it('switches e-mails off by its button, and on again by the next one', async () => {
    const api = await startTestApp({ env: { MAIL_LOCALE: 'de' } });
    const { body } = await api.request<AffiliateDto>('POST', '/v1/affiliates', { body: { userId: 'u', name: 'Anna' } });
    const { search } = new URL(api.app.get(UnsubscribeLinks).urlFor(body.id, 'monthly_statement'));
    const page = await browser.newPage({ viewport: { width: 390, height: 640 } });
    const { complaints } = watchPage(page, api.url);
    await page.goto(`${api.url}/unsubscribe${search}`);
    await takeScreenshot(page, 'mail-unsubscribe-phone');
    const switchedOff = async () => (await api.database.prisma.emailPreferences.findFirst())?.switchedOff ?? [];
    expect(await switchedOff()).toEqual([]);
    await page.getByRole('button', { name: 'Abbestellen' }).click();
    await page.getByRole('heading', { name: 'Abbestellt' }).waitFor();
    await takeScreenshot(page, 'mail-unsubscribed-phone');
    expect(await switchedOff()).toEqual(['monthly_statement']);
    await page.getByRole('button', { name: 'Doch wieder erhalten' }).click();
    await page.getByRole('link', { name: 'Zum Dashboard' }).waitFor();
    expect([await switchedOff(), complaints]).toEqual([[], []]);
    await page.close();
    await api.close();
  });
});

/** Texts that stand out of the page to the right. */
function overflow(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`
    [...document.querySelectorAll('td, th, p, h1, a, span')]
      .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
      .map((element) => element.textContent)`);
}

/** The smallest ratio of a text's colour to what it stands on (WCAG asks for 4.5). */
function weakestContrast(page: Page): Promise<number> {
  return page.evaluate<number>(`(() => {
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const luminance = (colour) => {
      const [red, green, blue] = channels(colour).map((value) => {
        const share = value / 255;
        return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const ground = (element) => {
      if (element === null) return 'rgb(255, 255, 255)';
      const colour = getComputedStyle(element).backgroundColor;
      return channels(colour)[3] === 0 ? ground(element.parentElement) : colour;
    };
    const ratios = [...document.querySelectorAll('td, th, p, h1, a, span, caption')]
      .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
      .map((element) => {
        const [a, b] = [luminance(getComputedStyle(element).color), luminance(ground(element))];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      });
    return Math.min(...ratios);
  })()`);
}
