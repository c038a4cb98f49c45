import { currencyExponent, formatAmount } from '../../../src/common/money';

const MINUS = '−';

/** Amounts, counts and dates as the reader's locale writes them. Days are UTC's, as in the statements and in the API. */
export class Formats {
  private readonly counts: Intl.NumberFormat;
  private readonly moneyFormats = new Map<string, Intl.NumberFormat>();
  private readonly dates: Intl.DateTimeFormat;
  private readonly longDates: Intl.DateTimeFormat;
  private readonly days: Intl.DateTimeFormat;
  private readonly moments: Intl.DateTimeFormat;
  private readonly months: Intl.DateTimeFormat;
  private readonly shortMonths: Intl.DateTimeFormat;
  private readonly lists: Intl.ListFormat;

  constructor(readonly locale: string) {
    this.counts = new Intl.NumberFormat(locale);
    const date = (options: Intl.DateTimeFormatOptions) =>
      new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options });
    this.dates = date({ day: 'numeric', month: 'short', year: 'numeric' });
    this.longDates = date({ day: 'numeric', month: 'long', year: 'numeric' });
    this.days = date({ day: 'numeric', month: 'short' });
    this.moments = date({ dateStyle: 'long', timeStyle: 'long' });
    this.months = date({ month: 'long', year: 'numeric' });
    this.shortMonths = date({ month: 'short' });
    this.lists = new Intl.ListFormat(locale, { type: 'conjunction' });
  }

  /** `1999, 'usd'` → `$19.99`. Minor units, by Stripe's exponents, never through a floating point number. */
  money(amountMinor: number | bigint, currency: string, sign: 'auto' | 'always' = 'auto'): string {
    return this.exact(formatAmount(BigInt(amountMinor), currency), currency, sign);
  }

  /** Minor units with decimals, as far as they go: `'1663.8', 'usd'` → `$16.638`. An ellipsis stays one. */
  exactMoney(amountMinor: string, currency: string): string {
    const endless = amountMinor.endsWith('…');
    const [whole = '0', decimals = ''] = amountMinor.replace('…', '').split('.');
    const amount = formatAmount(BigInt(whole), currency);
    const point = currencyExponent(currency) === 0 && decimals !== '' ? '.' : '';
    const exact = this.exact(`${amount}${point}${decimals}`, currency, 'auto');
    // Behind the last digit: the sign of the currency may come after it.
    return endless ? exact.replace(/\d(?=\D*$)/, '$&…') : exact;
  }

  count(value: number): string {
    return this.counts.format(value);
  }

  /** `2050` → `20.5 %`. */
  rate(bps: number): string {
    return this.percent(bps / 10_000);
  }

  /** A ratio: `0.125` → `12.5 %`. */
  percent(ratio: number): string {
    return new Intl.NumberFormat(this.locale, { style: 'percent', maximumFractionDigits: 2 }).format(ratio);
  }

  /** `+12 %`, of how much more or less it is than before. */
  change(ratio: number): string {
    const options = { style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' } as const;
    return new Intl.NumberFormat(this.locale, options).format(ratio).replace('-', MINUS);
  }

  /** `3 Nov 2026`. */
  date(iso: string): string {
    return this.dates.format(new Date(iso));
  }

  longDate(iso: string): string {
    return this.longDates.format(new Date(iso));
  }

  /** `3 Nov`. */
  day(iso: string): string {
    return this.days.format(new Date(iso));
  }

  /** To the second. */
  moment(iso: string): string {
    return this.moments.format(new Date(iso));
  }

  /** `2026-12`, or any date of it → `December 2026`. */
  month(period: string): string {
    return this.months.format(new Date(`${period.slice(0, 7)}-01T00:00:00Z`));
  }

  /** `Dec`. */
  shortMonth(date: string): string {
    return this.shortMonths.format(new Date(date));
  }

  list(items: string[]): string {
    return this.lists.format(items);
  }

  private exact(decimal: string, currency: string, sign: 'auto' | 'always'): string {
    const places = decimal.split('.')[1]?.length ?? 0;
    const key = `${currency} ${places} ${sign}`;
    let format = this.moneyFormats.get(key);
    if (!format) {
      format = new Intl.NumberFormat(this.locale, {
        style: 'currency',
        currency,
        minimumFractionDigits: places,
        maximumFractionDigits: places,
        signDisplay: sign === 'always' ? 'exceptZero' : 'auto',
      });
      this.moneyFormats.set(key, format);
    }
    // A decimal in a string is written digit by digit, however long it is.
    return format.format(decimal as Intl.StringNumericLiteral).replace('-', MINUS);
  }
}
