import {
  addUtcMonths,
  expectedCommissions,
  splitByLargestRemainder,
  type DisputeStatus,
  type Facts,
  type KnownInvoice,
  type RefundStatus,
} from './model.js';

const at = (iso: string): number => Date.parse(`${iso}Z`) / 1000;
const JANUARY = at('2027-01-01T00:00:00');

function invoice(facts: Partial<KnownInvoice> = {}): KnownInvoice {
  return {
    id: 'in_1',
    referralId: 'mary',
    currency: 'usd',
    total: 10_000n,
    totalExcludingTax: 10_000n,
    amountPaid: 10_000n,
    paidAt: JANUARY,
    ...facts,
  };
}

/** One invoice of 100.00, paid in one payment, by a customer who earns the affiliate 20 % for life. */
function facts(some: Partial<Facts> = {}): Facts {
  const invoices = some.invoices ?? [invoice()];
  return {
    invoices,
    parts: invoices.map(({ id, amountPaid }) => ({ paymentId: 'pi_1', invoiceId: id, amountPaid })),
    refunds: [],
    disputes: [],
    creditNotes: [],
    referrals: [
      {
        id: 'mary',
        occurredAt: JANUARY,
        terms: { rateBps: 2000, holdDays: 0, durationMonths: null },
        isRejected: false,
      },
    ],
    ownRates: [],
    ...some,
  };
}

const refund = (amount: bigint, ...seen: RefundStatus[]) => ({ paymentId: 'pi_1', amount, seen });
const dispute = (amount: bigint, ...seen: DisputeStatus[]) => ({ paymentId: 'pi_1', amount, seen });
const nets = (given: Facts): Record<string, bigint> =>
  Object.fromEntries(expectedCommissions(given).map(({ invoiceId, net }) => [invoiceId, net]));
const netOf = (some: Partial<Facts>): bigint => nets(facts(some))['in_1'] ?? 0n;

describe('what an invoice earns', () => {
  it.each<[string, Partial<KnownInvoice>, bigint]>([
    [
      '20 % of 149.00 without the 23.79 tax in it: 25.042, so 25.04',
      { total: 14_900n, totalExcludingTax: 12_521n, amountPaid: 14_900n },
      2504n,
    ],
    ['all of it where the tax is not known', { totalExcludingTax: null }, 2000n],
    [
      'of 30.01 paid and 69.99 credited the tax-free part: floor(3001 × 8319 / 9900) = 2521, so 5.04',
      { total: 9900n, totalExcludingTax: 8319n, amountPaid: 3001n },
      504n,
    ],
    ['no more than the total where more came in', { amountPaid: 12_000n }, 2000n],
    ['nothing of an invoice of zero', { total: 0n, totalExcludingTax: 0n, amountPaid: 0n }, 0n],
    ['nothing of a credit', { total: -500n, totalExcludingTax: -500n, amountPaid: 0n }, 0n],
    ['nothing of tax alone', { totalExcludingTax: 0n }, 0n],
    [
      'whole yen: 20 % of 999 is 199.8, so 199',
      { currency: 'jpy', total: 999n, totalExcludingTax: 999n, amountPaid: 999n },
      199n,
    ],
    [
      'dinars in tens of fils: 20 % of 12.345 is 2.469, so 2.460',
      { currency: 'kwd', total: 12_345n, totalExcludingTax: 12_345n, amountPaid: 12_345n },
      2460n,
    ],
    [
      'whole krónur: 20 % of 999 is 199.80, so 199',
      { currency: 'isk', total: 99_900n, totalExcludingTax: 99_900n, amountPaid: 99_900n },
      19_900n,
    ],
  ])('is %s', (_title, given, net) => {
    expect(netOf({ invoices: [invoice(given)] })).toBe(net);
  });

  it('is nothing before the signup, but a report may come five minutes late', () => {
    const paidAt = (seconds: number): bigint => netOf({ invoices: [invoice({ paidAt: JANUARY + seconds })] });
    expect([paidAt(-301), paidAt(-300), paidAt(0)]).toEqual([0n, 2000n, 2000n]);
  });

  it("follows the affiliate's own rate of that moment, and the plan's where there is none", () => {
    const ownRates = [
      { effectiveFrom: JANUARY + 10, rateBps: 2500 },
      { effectiveFrom: JANUARY + 20, rateBps: null },
    ];
    const paidAt = (seconds: number): bigint => netOf({ ownRates, invoices: [invoice({ paidAt: JANUARY + seconds })] });
    expect([paidAt(9), paidAt(10), paidAt(19), paidAt(20)]).toEqual([2000n, 2500n, 2500n, 2000n]);
  });

  it('ends with the term, which begins with the first invoice that earns, whatever became of that one', () => {
    const given = facts({
      invoices: [
        invoice({ id: 'too early', paidAt: JANUARY - 86_400 }),
        invoice({ id: 'free', paidAt: JANUARY, total: 0n }),
        invoice({ id: 'first', paidAt: at('2027-01-31T10:00:00') }),
        invoice({ id: 'in time', paidAt: at('2027-03-31T09:59:59') }),
        invoice({ id: 'too late', paidAt: at('2027-03-31T10:00:00') }),
      ],
      parts: [{ paymentId: 'pi_1', invoiceId: 'first', amountPaid: 10_000n }],
      refunds: [refund(10_000n, 'succeeded')],
    });
    given.referrals[0]!.terms.durationMonths = 2;
    expect(nets(given)).toEqual({ first: 0n, 'in time': 2000n, 'too late': 0n });
  });
});

it('a rejected referral earns nothing, and counts as what it was in everything else', () => {
  const given = facts({ refunds: [refund(2500n, 'succeeded')] });
  given.referrals[0]!.isRejected = true;
  expect(expectedCommissions(given)).toMatchObject([{ amount: 2000n, net: 0n, lost: 2500n }]);
});

describe('what is taken back', () => {
  const third = { total: 10_000n, totalExcludingTax: 8403n };

  it.each<[string, bigint[], bigint]>([
    ['nothing yet: floor(8403 × 2000 / 10000)', [], 1680n],
    ['a cent: floor(8403 × 9999 × 2000 / 100000000) = floor(1680.43…)', [1n], 1680n],
    ['33.33: floor(8403 × 6667 × 2000 / 100000000) = floor(1120.45…)', [3333n], 1120n],
    ['33.33 twice', [3333n, 3333n], 560n],
    ['everything in three parts', [3333n, 3333n, 3334n], 0n],
    ['more than everything', [10_000n, 5000n], 0n],
  ])('by refunds of %s', (_title, amounts, net) => {
    expect(netOf({ invoices: [invoice(third)], refunds: amounts.map((amount) => refund(amount, 'succeeded')) })).toBe(
      net,
    );
  });

  it.each<[RefundStatus[], bigint]>([
    [['pending'], 2000n],
    [['requires_action'], 2000n],
    [['succeeded'], 0n],
    [['succeeded', 'pending'], 0n],
    [['failed', 'succeeded', 'pending'], 2000n],
    [['canceled', 'pending'], 2000n],
  ])('by a refund that was told as %s leaves %s', (seen, net) => {
    expect(netOf({ refunds: [refund(10_000n, ...seen)] })).toBe(net);
  });

  it.each<[DisputeStatus[], bigint, boolean]>([
    [['warning_needs_response'], 2000n, true],
    [['warning_under_review'], 2000n, true],
    [['warning_closed', 'warning_needs_response'], 2000n, false],
    [['needs_response', 'warning_under_review'], 0n, false],
    [['under_review'], 0n, false],
    [['lost', 'under_review'], 0n, false],
    [['appeal_under_review'], 0n, false],
    [['won', 'lost', 'needs_response'], 2000n, false],
    [['prevented'], 2000n, false],
  ])('by a dispute that was told as %s leaves %s (only an inquiry: %s)', (seen, net, isInquired) => {
    expect(expectedCommissions(facts({ disputes: [dispute(10_000n, ...seen)] }))).toMatchObject([{ net, isInquired }]);
  });

  it('by a refund and a dispute together is never more than was paid', () => {
    expect(netOf({ refunds: [refund(6000n, 'succeeded')], disputes: [dispute(3000n, 'lost')] })).toBe(200n);
    expect(netOf({ refunds: [refund(6000n, 'succeeded')], disputes: [dispute(10_000n, 'lost')] })).toBe(0n);
    expect(netOf({ refunds: [refund(6000n, 'succeeded')], disputes: [dispute(10_000n, 'lost', 'won')] })).toBe(800n);
  });

  it('by a credit note is what went back outside of Stripe, until it is voided', () => {
    const note = { invoiceId: 'in_1', outOfBandAmount: 2500n };
    expect(netOf({ creditNotes: [{ ...note, seen: ['issued'] }] })).toBe(1500n);
    expect(netOf({ creditNotes: [{ ...note, seen: ['void', 'issued'] }] })).toBe(2000n);
  });
});

describe('one payment over several invoices', () => {
  const invoices = [1, 2, 3].map((n) =>
    invoice({ id: `in_${n}`, total: 100n, totalExcludingTax: 100n, amountPaid: 100n }),
  );
  const lostBy = (amount: bigint): bigint[] =>
    expectedCommissions(facts({ invoices, refunds: [refund(amount, 'succeeded')] })).map(({ lost }) => lost);

  it('loses in proportion, the odd cents on the invoices that come first', () => {
    expect([lostBy(1n), lostBy(2n), lostBy(100n), lostBy(299n), lostBy(300n)]).toEqual([
      [1n, 0n, 0n],
      [1n, 1n, 0n],
      [34n, 33n, 33n],
      [100n, 100n, 99n],
      [100n, 100n, 100n],
    ]);
  });

  it('splits what is lost in all, so that a hundred small refunds end where one large one does', () => {
    const small = Array.from({ length: 300 }, () => refund(1n, 'succeeded'));
    expect(expectedCommissions(facts({ invoices, refunds: small })).map(({ net }) => net)).toEqual([0n, 0n, 0n]);
  });

  it('splits over an invoice that is not known yet, too', () => {
    const parts = [
      { paymentId: 'pi_1', invoiceId: 'in_1', amountPaid: 10_000n },
      { paymentId: 'pi_1', invoiceId: 'in_unknown', amountPaid: 30_000n },
    ];
    expect(netOf({ parts, refunds: [refund(10_000n, 'succeeded')] })).toBe(1500n);
  });
});

describe('several payments on one invoice', () => {
  const parts = [
    { paymentId: 'pi_1', invoiceId: 'in_1', amountPaid: 6000n },
    { paymentId: 'pi_2', invoiceId: 'in_1', amountPaid: 4000n },
  ];

  it('lets each take back only what it brought', () => {
    expect(netOf({ parts, refunds: [refund(6000n, 'succeeded')] })).toBe(800n);
    expect(netOf({ parts, refunds: [refund(6000n, 'succeeded')], disputes: [dispute(6000n, 'lost')] })).toBe(800n);
    expect(
      netOf({ parts, refunds: [refund(6000n, 'succeeded'), { ...refund(4000n, 'succeeded'), paymentId: 'pi_2' }] }),
    ).toBe(0n);
  });
});

describe('the arithmetic', () => {
  it.each<[bigint, bigint[], bigint[]]>([
    [0n, [1n, 2n], [0n, 0n]],
    [5n, [], []],
    [5n, [0n, 0n], [0n, 0n]],
    // 1/7, 2/7 and 4/7 of 10 are 1.43, 2.86 and 5.71: the two units left go to .86 and .71.
    [10n, [1n, 2n, 4n], [1n, 3n, 6n]],
    // 2.5 each: the one left goes to the first.
    [5n, [1n, 1n], [3n, 2n]],
  ])('splits %s by %s into %s', (amount, weights, shares) => {
    expect(splitByLargestRemainder(amount, weights)).toEqual(shares);
  });

  it.each([
    ['2027-01-31T10:00:00', 1, '2027-02-28T10:00:00'],
    ['2028-01-31T10:00:00', 1, '2028-02-29T10:00:00'],
    ['2027-03-31T23:59:59', 12, '2028-03-31T23:59:59'],
    ['2027-11-30T00:00:00', 3, '2028-02-29T00:00:00'],
  ])('%s and %s months is %s', (from, months, to) => {
    expect(addUtcMonths(at(from), months)).toBe(at(to));
  });
});
