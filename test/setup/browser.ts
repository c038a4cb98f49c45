import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { eventually } from './eventually.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** What a container lacks. Not the package's own: they switch off what keeps sites apart, which is under test here. */
const ARGUMENTS = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'];

/** How long a page is waited for, whatever it is to show, on a machine that does much else. */
const PATIENCE_MS = 90_000;

/** What the tests saw, for people to look at. */
const SCREENSHOTS = join(import.meta.dirname, '..', '..', 'test-results', 'screenshots');

/** A real Chromium: the machine's own where it has one, else the one inside an npm package, which needs nothing installed. */
export async function startBrowser(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: findInstalled() ?? (await packagedBrowser()),
    args: ARGUMENTS,
    timeout: PATIENCE_MS,
  });
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await newContext(options);
    context.setDefaultTimeout(PATIENCE_MS);
    return context;
  };
  return browser;
}

async function packagedBrowser(): Promise<string> {
  // So told, the package also unpacks the system libraries that a bare machine lacks.
  process.env['AWS_EXECUTION_ENV'] = 'AWS_Lambda_nodejs22.x';
  process.env['AWS_LAMBDA_JS_RUNTIME'] = 'nodejs22.x';
  const { default: packaged } = await import('@sparticuz/chromium');
  return packaged.executablePath();
}

function findInstalled(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((file) => existsSync(file));
}

/** Fails on anything that a page complains about, or fetches from another host than its own. */
export function watchPage(page: Page, url: string): { complaints: string[] } {
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(`error: ${message}`));
  page.on('console', (line) => {
    if (line.type() === 'error') complaints.push(`console: ${line.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:'))
      complaints.push(`fetched ${request.url()}`);
  });
  return { complaints };
}

/** Longer than any takes: who waits longer for one waits in vain. */
const SCREENSHOT_MS = 20_000;

/** Kept as test-results/screenshots/<name>.png; all that is in view, or the upper part of it. */
export async function takeScreenshot(page: Page, name: string, height?: number): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const width = page.viewportSize()?.width ?? 0;
  // On a busy machine the browser now and then cannot take one, and can the next time.
  await eventually(() =>
    page.screenshot({
      path: join(SCREENSHOTS, `${name}.png`),
      animations: 'disabled',
      timeout: SCREENSHOT_MS,
      ...(height !== undefined && { clip: { x: 0, y: 0, width, height } }),
    }),
  );
}
