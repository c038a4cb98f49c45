/**
 * Money is a BigInt of minor units beside a lower-case ISO 4217 code, as at Stripe.
 *
 * The exponents and steps are Stripe's, not ISO's or `Intl`'s
 * (https://docs.stripe.com/currencies#minor-units): three-decimal currencies take amounts in steps of ten, and ISK and
 * UGX are written with two decimals of which both must be zero.
 */
const ZERO_DECIMAL = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '));
const THREE_DECIMAL = new Set('bhd jod kwd omr tnd'.split(' '));
const TWO_DECIMAL_WHOLE = new Set('isk ugx'.split(' '));

/** Digits after the decimal point of the major unit: 2 for usd, 0 for jpy, 3 for kwd. */
export function currencyExponent(currency: string): number {
  if (ZERO_DECIMAL.has(currency)) return 0;
  return THREE_DECIMAL.has(currency) ? 3 : 2;
}

/** The smallest amount that can be moved, in minor units: 1 for usd, 10 for kwd, 100 for isk. */
export function currencyStepMinor(currency: string): bigint {
  if (THREE_DECIMAL.has(currency)) return 10n;
  return TWO_DECIMAL_WHOLE.has(currency) ? 100n : 1n;
}

/** Rounds down to what can be moved in the currency. `amountMinor` must not be negative. */
export function floorToStepMinor(amountMinor: bigint, currency: string): bigint {
  return amountMinor - (amountMinor % currencyStepMinor(currency));
}

/** `1999n, 'usd'` → `19.99`. For people and logs; never parsed back. */
export function formatAmount(amountMinor: bigint, currency: string): string {
  const exponent = currencyExponent(currency);
  const sign = amountMinor < 0n ? '-' : '';
  const digits = (amountMinor < 0n ? -amountMinor : amountMinor).toString().padStart(exponent + 1, '0');
  if (exponent === 0) return sign + digits;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

/**
 * BigInt → JSON number. Amounts above 2^53 minor units (90 trillion dollars) would lose cents silently.
 * @throws RangeError instead.
 */
export function toJsonAmount(amountMinor: bigint): number {
  const amount = Number(amountMinor);
  if (!Number.isSafeInteger(amount)) throw new RangeError(`${amountMinor} minor units do not fit a JSON number`);
  return amount;
}
