import { currencyExponent, formatAmount } from '../../common/money.js';
import { printable } from './printable.js';

/** Amounts and dates as people of a locale write them, for the eye only. */
export interface LocalFormat {
  /** With the currency's code: a `$` may be that of many countries. */
  money(amountMinor: bigint, currency: string): string;
  count(count: number): string;
  percent(rateBps: number): string;
  /** In UTC, as everything that the ledger dates. */
  date(at: Date): string;
  dateTime(at: Date): string;
  /** `2026-12` → December 2026. */
  month(period: string): string;
}

/**
 * Every figure is exact: it goes to `Intl` as decimal digits, with the number of decimals that Stripe gives the
 * currency. Digits are Western Arabic and the calendar Gregorian in every locale, since the font has no others.
 */
export function localFormat(locale: string): LocalFormat {
  const [supported = 'en-US'] = Intl.NumberFormat.supportedLocalesOf(locale);
  const tag = new Intl.Locale(supported, { numberingSystem: 'latn', calendar: 'gregory' });
  const counts = new Intl.NumberFormat(tag);
  const percents = new Intl.NumberFormat(tag, { style: 'percent', maximumFractionDigits: 2 });
  const dates = new Intl.DateTimeFormat(tag, { timeZone: 'UTC', year: 'numeric', month: '2-digit', day: '2-digit' });
  const moments = new Intl.DateTimeFormat(tag, {
    timeZone: 'UTC',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  });
  const months = new Intl.DateTimeFormat(tag, { timeZone: 'UTC', year: 'numeric', month: 'long' });
  const byCurrency = new Map<string, Intl.NumberFormat>();
  const moneyFormat = (currency: string): Intl.NumberFormat => {
    const known = byCurrency.get(currency);
    if (known) return known;
    const digits = currencyExponent(currency);
    const made = new Intl.NumberFormat(tag, {
      style: 'currency',
      currency: currency.toUpperCase(),
      currencyDisplay: 'code',
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    byCurrency.set(currency, made);
    return made;
  };
  return {
    money: (amountMinor, currency) =>
      printable(moneyFormat(currency).format(formatAmount(amountMinor, currency) as Intl.StringNumericLiteral)),
    count: (count) => printable(counts.format(count)),
    percent: (rateBps) => printable(percents.format(rateBps / 10_000)),
    date: (at) => printable(dates.format(at)),
    dateTime: (at) => printable(moments.format(at)),
    month: (period) => {
      const written = months.format(new Date(`${period}-01T00:00:00Z`));
      return printable(written) === written ? written : period;
    },
  };
}
