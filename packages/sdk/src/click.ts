/** The cookie of the snippet on your pages, and the one of the referral link where the service shares your host. */
const SNIPPET_COOKIE = /(?:^|;\s*)fairshare=(clk_[a-z\d]{26})?\.([\w-]+)/;
const LINK_COOKIE = /(?:^|;\s*)fs_click=(clk_[a-z\d]{26})/;

const CLICK_ID = /^clk_[a-z\d]{26}$/;
const CODE = /^[a-z\d-]{3,32}$/i;
const SECONDS_PER_DAY = 24 * 60 * 60;

/** Requests of Express and Fastify, of the web's standard (Next.js, Hono, Deno …), and `{ headers: await headers() }` of Next.js. */
export interface RequestWithCookies {
  headers: { get(name: string): string | null } | { cookie?: string | undefined };
}

/** To be spread into the body of `POST /v1/referrals`. */
export type ReadClick = { clickId: string; code?: string } | { code: string };

/** Who sent this visitor, as the cookie of the request says; null when nobody did. Read it where users sign up. */
export function readClick(request: RequestWithCookies): ReadClick | null {
  const cookies = cookiesOf(request);
  const [, clickId, code] = SNIPPET_COOKIE.exec(cookies) ?? [];
  if (code !== undefined) return clickId === undefined ? { code } : { clickId, code };
  const linked = LINK_COOKIE.exec(cookies)?.[1];
  return linked === undefined ? null : { clickId: linked };
}

/**
 * The `Set-Cookie` with which your server keeps the click of a visitor who arrives through a referral link
 * (`?ref=…&click_id=…`), or null when there is nothing to keep. The snippet keeps it too, but Safari forgets after a week
 * what a script has kept. Only with the visitor's consent, where you ask for it.
 */
export function clickCookie(
  request: RequestWithCookies & { url?: string | undefined },
  options: { windowDays?: number; attribution?: 'first' | 'last'; domain?: string; secure?: boolean } = {},
): string | null {
  const { windowDays = 30, attribution = 'last', domain, secure = true } = options;
  const query = new URL(request.url ?? '', 'http://host').searchParams;
  const [code, clickId] = [query.get('ref') ?? '', query.get('click_id') ?? ''];
  if (!CODE.test(code) || !CLICK_ID.test(clickId)) return null;
  const kept = readClick(request);
  if (kept && 'clickId' in kept && (attribution === 'first' || kept.clickId === clickId)) return null;
  const parts = [`fairshare=${clickId}.${code}`, `Max-Age=${windowDays * SECONDS_PER_DAY}`, 'Path=/', 'SameSite=Lax'];
  if (domain !== undefined) parts.push(`Domain=${domain}`);
  if (secure) parts.push('Secure');
  return parts.join('; ');
}

function cookiesOf({ headers }: RequestWithCookies): string {
  if ('get' in headers && typeof headers.get === 'function') return headers.get('cookie') ?? '';
  return ('cookie' in headers ? headers.cookie : undefined) ?? '';
}
