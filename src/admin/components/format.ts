const ZERO_DECIMAL = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '));
const THREE_DECIMAL = new Set('bhd jod kwd omr tnd'.split(' '));

/** `1999, 'usd'` → `19.99 USD`, with Stripe's exponents, and thousands set apart. */
export function money(amountMinor: string | number, currency: string): string {
  const exponent = ZERO_DECIMAL.has(currency) ? 0 : THREE_DECIMAL.has(currency) ? 3 : 2;
  const text = String(amountMinor);
  const sign = text.startsWith('-') ? '−' : '';
  const digits = text.replace('-', '').padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent).replaceAll(/\B(?=(\d{3})+$)/g, ',');
  const cents = exponent > 0 ? `.${digits.slice(-exponent)}` : '';
  return `${sign}${whole}${cents} ${currency.toUpperCase()}`;
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
  case: 'review-cases',
  com: 'commissions',
  jrn: 'ledger',
  po: 'payouts',
  run: 'runs',
  pln: 'plans',
  plv: 'plan-versions',
  stf: 'staff',
  evt: 'stripe-events',
};

/** What kind of thing an id names, by what it begins with; null for what has no page. */
export function resourceOfId(id: string): string | null {
  return RESOURCE_OF_PREFIX[id.slice(0, id.indexOf('_'))] ?? null;
}
