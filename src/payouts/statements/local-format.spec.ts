import { localFormat } from './local-format.js';

/** As a reader sees it: a space that does not break looks like any other. */
const seen = (text: string): string => text.replaceAll('\u00A0', ' ');

describe('amounts and dates of a document', () => {
  it.each([
    ['en-US', -123456789n, 'usd', '-USD 1,234,567.89'],
    ['de-DE', -123456789n, 'eur', '-1.234.567,89 EUR'],
    ['fr-FR', 123456789n, 'eur', '1 234 567,89 EUR'],
    ['en-US', 1234n, 'jpy', 'JPY 1,234'],
    ['de-DE', 1234567n, 'kwd', '1.234,567 KWD'],
    ['en-US', 100n, 'isk', 'ISK 1.00'],
    ['ar-EG', 1999n, 'usd', '19.99 USD'],
    // Above 2^53 a number would lose the last digits.
    ['en-US', 9007199254740993n, 'usd', 'USD 90,071,992,547,409.93'],
  ])('%s: %s %s is written %s', (locale, amountMinor, currency, written) => {
    expect(seen(localFormat(locale).money(amountMinor, currency))).toBe(written);
  });

  it.each([
    ['en-US', '12/01/2026', 'December 2026'],
    ['de-DE', '01.12.2026', 'Dezember 2026'],
    ['ja-JP', '2026/12/01', '2026-12'],
    ['ar-EG', '01/12/2026', '2026-12'],
  ])('%s: a day is written %s, a month %s', (locale, day, month) => {
    const format = localFormat(locale);
    expect([format.date(new Date('2026-12-01T23:59:59Z')), format.month('2026-12')]).toEqual([day, month]);
  });
});
