import fc from 'fast-check';
import { calculateCommission, explainCommission, type InvoiceAmounts } from './commission-calculator.js';

function invoice(amounts: Partial<InvoiceAmounts>): InvoiceAmounts {
  const totalMinor = amounts.totalMinor ?? 9900n;
  return { currency: 'usd', amountPaidMinor: totalMinor, totalExcludingTaxMinor: null, totalMinor, ...amounts };
}

describe('calculateCommission', () => {
  it.each<[string, Partial<InvoiceAmounts>, number, bigint, bigint]>([
    ['a plain invoice earns the rate', { totalMinor: 9900n }, 2000, 9900n, 1980n],
    [
      'tax earns nothing: 99.00 with 15.81 tax',
      { totalMinor: 9900n, totalExcludingTaxMinor: 8319n },
      2000,
      8319n,
      1663n,
    ],
    ['tax on top gives the same net base', { totalMinor: 11781n, totalExcludingTaxMinor: 9900n }, 2000, 9900n, 1980n],
    [
      'customer credit lowers what was paid, hence the base',
      { totalMinor: 9900n, amountPaidMinor: 5000n },
      2000,
      5000n,
      1000n,
    ],
    [
      'credit and tax together',
      { totalMinor: 11900n, totalExcludingTaxMinor: 10000n, amountPaidMinor: 5950n },
      2000,
      5000n,
      1000n,
    ],
    ['an over-payment is capped at the total', { totalMinor: 9900n, amountPaidMinor: 12000n }, 2000, 9900n, 1980n],
    ['a zero invoice earns nothing', { totalMinor: 0n }, 2000, 0n, 0n],
    ['a negative invoice earns nothing', { totalMinor: -500n, amountPaidMinor: 0n }, 2000, 0n, 0n],
    ['half a cent is rounded down', { totalMinor: 999n }, 2000, 999n, 199n],
    ['less than a cent is nothing', { totalMinor: 4n }, 2000, 4n, 0n],
    ['a rate of zero earns nothing', { totalMinor: 9900n }, 0, 9900n, 0n],
    ['a full rate earns the base', { totalMinor: 9900n }, 10000, 9900n, 9900n],
    ['yen have no minor unit', { currency: 'jpy', totalMinor: 1999n }, 2000, 1999n, 399n],
    ['dinars move in steps of ten', { currency: 'kwd', totalMinor: 12345n }, 2000, 12345n, 2460n],
    ['krónur move in steps of a hundred', { currency: 'isk', totalMinor: 123400n }, 2000, 123400n, 24600n],
    [
      'amounts beyond 2^53 stay exact',
      { totalMinor: 90071992547409931n },
      3333,
      90071992547409931n,
      30020995116051730n,
    ],
  ])('%s', (_title, amounts, rateBps, baseMinor, amountMinor) => {
    expect(calculateCommission(invoice(amounts), rateBps)).toEqual({ baseMinor, amountMinor });
  });

  it('never earns more than the rate of what was paid without tax, nor loses a whole unit', () => {
    const amounts = fc.record({
      totalMinor: fc.bigInt(1n, 10n ** 12n),
      paidShare: fc.integer({ min: 0, max: 120 }),
      taxShare: fc.integer({ min: 0, max: 40 }),
      rateBps: fc.integer({ min: 0, max: 10_000 }),
    });
    fc.assert(
      fc.property(amounts, ({ totalMinor, paidShare, taxShare, rateBps }) => {
        const facts = invoice({
          totalMinor,
          amountPaidMinor: (totalMinor * BigInt(paidShare)) / 100n,
          totalExcludingTaxMinor: totalMinor - (totalMinor * BigInt(taxShare)) / 100n,
        });
        const { baseMinor, amountMinor } = calculateCommission(facts, rateBps);
        expect(baseMinor).toBeLessThanOrEqual(facts.amountPaidMinor);
        expect(baseMinor).toBeLessThanOrEqual(facts.totalExcludingTaxMinor ?? 0n);
        const exact = baseMinor * BigInt(rateBps);
        expect(amountMinor * 10_000n).toBeLessThanOrEqual(exact);
        expect((amountMinor + 1n) * 10_000n).toBeGreaterThan(exact);
      }),
    );
  });
});

describe('explainCommission', () => {
  it('shows the working of product.md: 99.00 paid, 15.81 of it tax, 20 % of 83.19 is 16.638, rounded down to 16.63', () => {
    expect(explainCommission(invoice({ totalMinor: 9900n, totalExcludingTaxMinor: 8319n }), 2000)).toEqual({
      invoiceAmountPaid: 9900n,
      taxAmount: 1581n,
      invoiceTotal: 9900n,
      invoiceTotalExcludingTax: 8319n,
      base: 8319n,
      lost: 0n,
      rateBps: 2000,
      formula: 'base = floor(min(9900, 9900) × 8319 / 9900) = 8319; amount = floor(8319 × 2000 / 10000) = 1663',
      roundedFrom: '1663.8',
    });
  });

  it('says so when the currency moves in larger steps', () => {
    const { formula, roundedFrom } = explainCommission(invoice({ currency: 'kwd', totalMinor: 12345n }), 2000);
    expect(formula).toContain('floor(12345 × 2000 / 10000, to a step of 10) = 2460');
    expect(roundedFrom).toBe('2469');
  });
});
