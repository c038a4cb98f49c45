import { currencyExponent, formatAmount } from '../../common/money.js';

/** `1999, 'usd'` → `19.99 USD`, with thousands set apart. */
export function money(amountMinor: string | number, currency: string): string {
  const amount = formatAmount(BigInt(amountMinor), currency).replace('-', '−');
  return `${grouped(amount)} ${currency.toUpperCase()}`;
}

/** `1942.12 USD` → `1,942.12 USD`: the thousands of the number that a text begins with are set apart. */
export function grouped(text: string | number): string {
  return String(text).replace(/\d+/, (whole) => whole.replaceAll(/\B(?=(\d{3})+$)/g, ','));
}

/** How many minor units a major one has. For drawing only. */
export function currencyDivisor(currency: string): number {
  return 10 ** currencyExponent(currency);
}

/** `2026-11-28T08:13:54Z` → `28 Nov 2026, 08:13 UTC`: one clock for everybody who talks about a payout. */
export function moment(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  return `${at.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })} UTC`;
}

/** `account_restricted` → `account restricted`. */
export function words(code: string): string {
  return code.replaceAll('_', ' ').replaceAll('-', ' ');
}

/** `webhook_endpoint.created` → `webhook endpoint created`, `maxRateBps` → `max rate bps`. */
export function wordsOfName(name: string): string {
  return words(name)
    .replaceAll('.', ' ')
    .replace(/[a-z\d](?=[A-Z])/g, '$& ')
    .toLowerCase();
}

export function recordUrl(resource: string, id: string): string {
  return `/admin/resources/${resource}/records/${encodeURIComponent(id)}/show`;
}

/** A list, narrowed down. */
export function listUrl(resource: string, filters: Record<string, string> = {}): string {
  const query = new URLSearchParams(Object.entries(filters).map(([name, value]) => [`filters.${name}`, value]));
  return `/admin/resources/${resource}${query.size > 0 ? `?${query.toString()}` : ''}`;
}

const RESOURCE_OF_PREFIX: Record<string, string> = {
  aff: 'affiliates',
  ref: 'referrals',
  clk: 'clicks',
  dec: 'decisions',
  prc: 'promotion-codes',
  case: 'review-cases',
  com: 'commissions',
  jrn: 'ledger',
  po: 'payouts',
  run: 'runs',
  pln: 'plans',
  plv: 'plan-versions',
  stf: 'staff',
  evt: 'stripe-events',
  eml: 'emails',
  dev: 'events',
  whe: 'webhook-endpoints',
  whd: 'webhook-deliveries',
};

/** What kind of thing an id names, by what it begins with; null for what has no page. */
export function resourceOfId(id: string): string | null {
  return RESOURCE_OF_PREFIX[id.slice(0, id.indexOf('_'))] ?? null;
}
