import type { DashboardLinkDto } from '../../src/dashboard/dashboard-link.dto.js';
import type { TestApp } from './app.js';

/** A new link, at the address that the test's server listens on. */
export async function mintLink(api: TestApp, affiliateId: string): Promise<URL> {
  const { status, body } = await api.request<DashboardLinkDto>('POST', `/v1/affiliates/${affiliateId}/dashboard-links`);
  expect(status).toBe(201);
  const { pathname, search } = new URL(body.url);
  return new URL(pathname + search, api.url);
}

/** Sends the form of a link's page, as the page does by itself. */
export async function sendForm(link: URL, headers: Record<string, string> = {}): Promise<Response> {
  const page = await (await fetch(link)).text();
  const action = /<form method="post" action="([^"]+)"/.exec(page)?.[1];
  const token = /<input type="hidden" name="token" value="([^"]+)"/.exec(page)?.[1];
  if (!action || !token) throw new Error(`the page has no form: ${page}`);
  return fetch(new URL(action, link), {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ token }),
  });
}

/** Opens an affiliate's dashboard. @returns the cookie as its browser sends it. */
export async function openDashboard(api: TestApp, affiliateId: string, cookie?: string): Promise<string> {
  const answer = await sendForm(await mintLink(api, affiliateId), cookie === undefined ? {} : { cookie });
  expect(answer.status).toBe(303);
  return cookieOf(answer);
}

export function cookieOf(answer: Response): string {
  const cookie = answer.headers.get('set-cookie')?.split(';')[0];
  if (cookie === undefined) throw new Error('the answer sets no cookie');
  return cookie;
}
