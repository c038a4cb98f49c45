import fc from 'fast-check';
import {
  calculateCommission,
  netAfterLosses,
  outOfBandPaidOf,
  paidOf,
  type InvoiceAmounts,
} from './commission-calculator.js';

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

describe('netAfterLosses', () => {
  const terms = { baseMinor: 8319n, paidMinor: 9900n, rateBps: 2000, currency: 'usd' };

  it.each<[string, bigint, bigint]>([
    ['nothing lost: 83.19 × 20 % is 16.638, rounded down', 0n, 1663n],
    ['a cent lost still costs a part of a cent: 16.6363…', 1n, 1663n],
    ['half lost: 8.319, rounded down once', 4950n, 831n],
    ['a cent kept earns nothing', 9899n, 0n],
    ['everything lost ends at zero', 9900n, 0n],
  ])('%s', (_title, lostMinor, netMinor) => {
    expect(netAfterLosses({ ...terms, lostMinor })).toBe(netMinor);
  });

  it('moves in the steps of the currency', () => {
    expect(
      netAfterLosses({ baseMinor: 12345n, paidMinor: 12345n, lostMinor: 5000n, rateBps: 2000, currency: 'kwd' }),
    ).toBe(1460n);
  });

  it('starts at what the invoice earned, never rises as more is lost, and ends at zero', () => {
    const amounts = fc.record({
      totalMinor: fc.bigInt(1n, 10n ** 9n),
      taxShare: fc.integer({ min: 0, max: 40 }),
      rateBps: fc.integer({ min: 0, max: 10_000 }),
      losses: fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 2, maxLength: 2 }),
      currency: fc.constantFrom('usd', 'jpy', 'kwd', 'isk'),
    });
    fc.assert(
      fc.property(amounts, ({ totalMinor, taxShare, rateBps, losses, currency }) => {
        const facts = invoice({
          totalMinor,
          currency,
          totalExcludingTaxMinor: totalMinor - (totalMinor * BigInt(taxShare)) / 100n,
        });
        const { baseMinor, amountMinor } = calculateCommission(facts, rateBps);
        const paidMinor = paidOf(facts);
        const net = (lostMinor: bigint) => netAfterLosses({ baseMinor, paidMinor, lostMinor, rateBps, currency });
        const [less = 0n, more = 0n] = losses.sort((a, b) => a - b).map((share) => (paidMinor * BigInt(share)) / 1000n);
        expect(net(0n)).toBe(amountMinor);
        expect(net(paidMinor)).toBe(0n);
        expect(net(more)).toBeLessThanOrEqual(net(less));
      }),
    );
  });
});

describe('outOfBandPaidOf', () => {
  it.each<[string, Partial<InvoiceAmounts>, bigint, bigint]>([
    ['all of what was accepted, where Stripe was paid the rest', { amountPaidMinor: 3000n }, 7000n, 7000n],
    ['no more than Stripe left', { amountPaidMinor: 3000n }, 9000n, 7000n],
    ['nothing where Stripe left nothing', { amountPaidMinor: 12_000n }, 500n, 0n],
    ['less than was owed, where less was accepted', { amountPaidMinor: 0n }, 400n, 400n],
    ['nothing of a credit', { totalMinor: -500n, totalExcludingTaxMinor: -500n, amountPaidMinor: 0n }, 500n, 0n],
  ])('is %s', (_title, amounts, acceptedMinor, expected) => {
    expect(outOfBandPaidOf(invoice({ totalMinor: 10_000n, ...amounts }), acceptedMinor)).toBe(expected);
  });

  it('earns with the other part never more than the whole would, and at most two cents less', () => {
    const amounts = fc.record({
      totalMinor: fc.bigInt(1n, 10n ** 9n),
      paidPermille: fc.bigInt(0n, 1000n),
      taxPercent: fc.bigInt(0n, 40n),
      rateBps: fc.integer({ min: 0, max: 10_000 }),
    });
    fc.assert(
      fc.property(amounts, ({ totalMinor, paidPermille, taxPercent, rateBps }) => {
        const totalExcludingTaxMinor = totalMinor - (totalMinor * taxPercent) / 100n;
        const whole = invoice({ totalMinor, totalExcludingTaxMinor, amountPaidMinor: totalMinor });
        const through = { ...whole, amountPaidMinor: (totalMinor * paidPermille) / 1000n };
        const outside = { ...whole, amountPaidMinor: outOfBandPaidOf(through, totalMinor) };
        const [all, one, other] = [whole, through, outside].map(
          (part) => calculateCommission(part, rateBps).amountMinor,
        );
        const together = (one ?? 0n) + (other ?? 0n);
        expect(together).toBeLessThanOrEqual(all ?? 0n);
        expect(together).toBeGreaterThanOrEqual((all ?? 0n) - 2n);
      }),
    );
  });
});
