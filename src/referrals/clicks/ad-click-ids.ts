/** What search engines add to the address that their paid results lead to. */
export const SEARCH_AD_IDS = ['gclid', 'gbraid', 'wbraid', 'dclid', 'msclkid', 'yclid'] as const;

/** What social networks add; some add it to links in ordinary posts, too. */
export const SOCIAL_AD_IDS = ['fbclid', 'ttclid', 'twclid', 'li_fat_id'] as const;

const ANY = new RegExp(`[?&](?:${[...SEARCH_AD_IDS, ...SOCIAL_AD_IDS].join('|')})=`, 'i');

/** Whether an address says that an advertisement led to it. */
export function hasAdClickId(url: string): boolean {
  return ANY.test(url);
}
