import { currencyExponent, currencyStepMinor, floorToStepMinor, formatAmount, toJsonAmount } from './money.js';

describe('money', () => {
  it.each<[string, number, bigint, bigint, bigint]>([
    ['usd', 2, 1n, 1999n, 1999n],
    ['jpy', 0, 1n, 1999n, 1999n],
    ['kwd', 3, 10n, 1999n, 1990n],
    ['isk', 2, 100n, 1999n, 1900n],
    ['ugx', 2, 100n, 99n, 0n],
  ])('%s has its exponent and the step that Stripe moves it in', (currency, exponent, step, amount, floored) => {
    expect([currencyExponent(currency), currencyStepMinor(currency), floorToStepMinor(amount, currency)]).toEqual([
      exponent,
      step,
      floored,
    ]);
  });

  it.each<[bigint, string, string]>([
    [1999n, 'usd', '19.99'],
    [5n, 'usd', '0.05'],
    [-250n, 'eur', '-2.50'],
    [1999n, 'jpy', '1999'],
    [12_340n, 'kwd', '12.340'],
  ])('%s %s reads %s', (amount, currency, text) => {
    expect(formatAmount(amount, currency)).toBe(text);
  });

  it('refuses to lose cents in a JSON number', () => {
    expect(toJsonAmount(9_007_199_254_740_991n)).toBe(9_007_199_254_740_991);
    expect(() => toJsonAmount(9_007_199_254_740_993n)).toThrow(RangeError);
  });
});
