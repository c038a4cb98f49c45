export interface DeepLinks {
  /** Where links lead that name no page. */
  siteUrl: string;
  allowedHosts: string[];
}

export type DeepLink = { url: string; leadsTo: string } | { problem: 'not_an_address' | 'not_allowed' | 'too_long' };

/** Longer ones are ignored by the redirect, and longer notes are cut. */
const TARGET_LENGTH_MAX = 2048;
export const SUB_ID_LENGTH_MAX = 255;

/** The rules are the redirect's own, told before anybody follows a link that leads elsewhere. */
export function buildDeepLink(referralUrl: string, page: string, subId: string, links: DeepLinks): DeepLink {
  const target = page.trim();
  const url = new URL(referralUrl);
  let leadsTo = links.siteUrl;
  if (target !== '') {
    if (target.length > TARGET_LENGTH_MAX) return { problem: 'too_long' };
    const isPath = /^\/(?!\/|%2f|%5c)/i.test(target);
    if (/[\s\\]/.test(target) || !(isPath || /^https?:\/\//i.test(target)) || !URL.canParse(target, links.siteUrl)) {
      return { problem: 'not_an_address' };
    }
    const resolved = new URL(target, links.siteUrl);
    const isAllowed = isPath
      ? resolved.origin === new URL(links.siteUrl).origin
      : links.allowedHosts.includes(resolved.host) && resolved.username === '' && resolved.password === '';
    if (!isAllowed) return { problem: 'not_allowed' };
    leadsTo = resolved.href;
    url.searchParams.set('to', target);
  }
  if (subId.trim() !== '') url.searchParams.set('sub', subId.trim());
  // Slashes are allowed in a query, and a link that can be read is one that people trust.
  return { url: url.href.replaceAll('%2F', '/').replace('%3A//', '://'), leadsTo };
}
