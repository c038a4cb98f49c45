import type { Random } from './random.js';
import type { HexBytes, Rows } from './tables.js';

/** Which affiliate a click was for, and when. */
export interface ClickOfAffiliate {
  id: string;
  affiliateId: string;
  code: string;
  occurredAt: Date;
}

const USER_AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
];
const REFERRERS = [
  null,
  'https://blog.example/review',
  'https://www.google.com/',
  'https://video.example/watch',
  'https://t.co/',
];
const SUB_IDS = ['newsletter', 'youtube', 'blog-sidebar', 'podcast-12', 'summer'];
const SOURCES = ['redirect', 'redirect', 'redirect', 'redirect', 'redirect', 'redirect', 'snippet', 'host'];
const PAGES = [null, null, 'https://app.example.com/pricing', 'https://app.example.com/'];

/** A click as it is stored. @param ipHash that of an earlier visitor who comes again; otherwise a new one comes. */
export function clickRow(random: Random, click: ClickOfAffiliate, again?: Rows['clicks']): Rows['clicks'] {
  return {
    ...click,
    source: random.pick(SOURCES),
    url: random.pick(PAGES),
    referrer: random.pick(REFERRERS),
    userAgent: again ? again.userAgent : random.pick(USER_AGENTS),
    subId: random.chance(0.12) ? random.pick(SUB_IDS) : null,
    ipHash: again ? again.ipHash : (`\\x${random.hex(4)}` satisfies HexBytes),
  };
}
