import fc from 'fast-check';
import { calculate } from '../../test/setup/calculator.js';
import { currencyStepMinor } from '../common/money.js';
import {
  calculateCommission,
  netAfterLosses,
  paidOf,
  type InvoiceAmounts,
} from './calculation/commission-calculator.js';
import {
  explainCommission,
  type CommissionEntry,
  type EntryFacts,
  type ExplainedCommission,
} from './commission-explanation.js';

const AT = new Date('2026-12-01T12:00:00Z');

interface Terms extends Partial<InvoiceAmounts> {
  rateBps?: number;
}

/** A commission with what it earned as its only entry. */
function earned({ rateBps = 2000, ...amounts }: Terms = {}): ExplainedCommission {
  const totalMinor = amounts.totalMinor ?? 9900n;
  const invoice = {
    id: 'in_1',
    currency: 'usd',
    amountPaidMinor: totalMinor,
    totalExcludingTaxMinor: null,
    totalMinor,
    ...amounts,
  };
  const { baseMinor, amountMinor } = calculateCommission(invoice, rateBps);
  const source = { rateSource: 'plan' as const, planVersionId: 'plv_1' };
  const commission = { invoice, part: 'stripe' as const, baseMinor, rateBps, ...source };
  const standing = { lostMinor: 0n, withinTerm: true, rejectedFor: null };
  return { ...commission, standing, entries: [entry('earned', amountMinor)] };
}

function entry(kind: string, changeMinor: bigint, facts: EntryFacts = {}, movedMinor = changeMinor): CommissionEntry {
  return {
    id: `je_${kind}`,
    kind: `commission_${kind}`,
    occurredAt: AT,
    recordedAt: new Date(AT.getTime() + 1000),
    stripeEventId: 'evt_1',
    changeMinor,
    movedMinor: movedMinor < 0n ? -movedMinor : movedMinor,
    facts,
  };
}

type LossOf = NonNullable<EntryFacts['losses']>[number];

function loss(id: string, amountMinor: bigint, status = 'succeeded', source: LossOf['source'] = 'refund'): LossOf {
  return { id, source, status, amountMinor: amountMinor.toString() };
}

/** The commission after a correction to what these losses leave of it, in one entry. */
function corrected(
  commission: ExplainedCommission,
  lostMinor: bigint,
  losses: LossOf[],
  more: EntryFacts = {},
): ExplainedCommission {
  const { invoice, baseMinor, rateBps, entries } = commission;
  const paidMinor = paidOf(invoice);
  const before = entries.reduce((sum, { changeMinor }) => sum + changeMinor, 0n);
  const net =
    more.withinTerm === false || more.rejection
      ? 0n
      : netAfterLosses({ baseMinor, paidMinor, lostMinor, rateBps, currency: invoice.currency });
  const facts = {
    lostMinor: lostMinor.toString(),
    paidMinor: paidMinor.toString(),
    netMinor: net.toString(),
    withinTerm: true,
    losses,
    shares: [],
    ...more,
  };
  const standing = { lostMinor, withinTerm: facts.withinTerm, rejectedFor: more.rejection?.rule ?? null };
  return {
    ...commission,
    standing,
    entries: [...entries, entry(net < before ? 'reversed' : 'restored', net - before, facts)],
  };
}

describe('the inputs and the formula', () => {
  it('tell what was paid, its tax, the base, and how the amount comes of it', () => {
    expect(explainCommission(earned({ totalMinor: 9900n, totalExcludingTaxMinor: 8319n }))).toMatchObject({
      invoiceAmountPaid: 9900,
      taxAmount: 1581,
      invoiceTotal: 9900,
      invoiceTotalExcludingTax: 8319,
      base: 8319,
      lost: 0,
      rateBps: 2000,
      rateSource: 'plan',
      planVersionId: 'plv_1',
      formula: 'base = floor(min(9900, 9900) × 8319 / 9900) = 8319; amount = floor(8319 × 2000 / 10000) = 1663',
      roundedFrom: '1663.8',
      rounding: 'down',
    });
  });

  it.each<[string, Terms, string, string]>([
    [
      'credit lowers what was paid',
      { amountPaidMinor: 5000n },
      'base = floor(min(5000, 9900) × 9900 / 9900) = 5000; amount = floor(5000 × 2000 / 10000) = 1000',
      '1000',
    ],
    [
      'an over-payment is capped at the total',
      { amountPaidMinor: 12_000n },
      'base = floor(min(12000, 9900) × 9900 / 9900) = 9900; amount = floor(9900 × 2000 / 10000) = 1980',
      '1980',
    ],
    [
      'dinars move in steps of ten',
      { currency: 'kwd', totalMinor: 12_345n },
      'base = floor(min(12345, 12345) × 12345 / 12345) = 12345; amount = floor(12345 × 2000 / 10000, to a step of 10) = 2460',
      '2469',
    ],
    [
      'a rate with a fraction of a per cent',
      { totalMinor: 999n, rateBps: 2050 },
      'base = floor(min(999, 999) × 999 / 999) = 999; amount = floor(999 × 2050 / 10000) = 204',
      '204.795',
    ],
  ])('%s', (_title, terms, formula, roundedFrom) => {
    expect(explainCommission(earned(terms))).toMatchObject({ formula, roundedFrom });
  });

  it('show a fraction that never ends by its first eight decimals', () => {
    // 8319 × 9899 × 2000 / (9900 × 10000) = 1663.631939393…
    const commission = corrected(earned({ totalExcludingTaxMinor: 8319n }), 1n, [loss('re_1', 1n)]);
    expect(explainCommission(commission).roundedFrom).toBe('1663.63193939…');
  });

  it('say that an invoice beyond the plan’s months earns nothing', () => {
    const commission = corrected(earned(), 0n, [], { withinTerm: false });
    expect(explainCommission(commission)).toMatchObject({
      roundedFrom: '0',
      formula:
        "base = floor(min(9900, 9900) × 9900 / 9900) = 9900; amount = 0: the invoice lies beyond the plan's months",
    });
    expect(explainCommission(commission).steps[1]?.summary).toBe(
      "19.80 USD was taken back: an earlier first invoice came to light, and this one lies beyond the plan's months.",
    );
  });
});

describe('what staff decided', () => {
  it('is said of a rejected referral by the rule of its case, whatever else is known', () => {
    const rejection = { caseId: 'case_1', rule: 'conversion_rate' };
    const told = explainCommission(corrected(earned(), 1000n, [loss('re_1', 1000n)], { rejection }));
    expect(told).toMatchObject({ lost: 1000, roundedFrom: '0' });
    expect(told.formula).toMatch(/; amount = 0: staff rejected the referral \(conversion rate\)$/);
    expect(told.steps[1]).toMatchObject({
      summary: '19.80 USD was taken back: staff rejected the referral after a review (conversion rate).',
      formula: 'amount = 0: staff rejected the referral (conversion rate)',
      netAmount: 0,
    });
  });

  it('is said of money that was paid outside Stripe', () => {
    const told = explainCommission({ ...earned({ amountPaidMinor: 7000n, totalMinor: 10_000n }), part: 'out_of_band' });
    expect(told).toMatchObject({ part: 'out_of_band', invoiceAmountPaid: 7000, base: 7000 });
    expect(told.steps[0]?.summary).toBe(
      'Of invoice in_1, 70.00 USD was paid outside Stripe, and staff accepted it: 20 % of 70.00 USD earned 14.00 USD.',
    );
  });
});

describe('the steps', () => {
  it('begin with the invoice', () => {
    const [first] = explainCommission(earned({ rateBps: 2050 })).steps;
    expect(first).toEqual({
      entryId: 'je_earned',
      kind: 'earned',
      occurredAt: '2026-12-01T12:00:00.000Z',
      recordedAt: '2026-12-01T12:00:01.000Z',
      change: 2029,
      moved: 2029,
      netAmount: 2029,
      lost: 0,
      summary: 'Invoice in_1 was paid: 20.5 % of 99.00 USD earned 20.29 USD.',
      formula: 'base = floor(min(9900, 9900) × 9900 / 9900) = 9900; amount = floor(9900 × 2050 / 10000) = 2029',
      causes: [],
      reason: null,
      stripeEventId: 'evt_1',
    });
  });

  it('name only the losses that came, went, grew or moved on since the step before', () => {
    const standing = loss('dp_1', 2000n, 'needs_response', 'dispute');
    let commission = corrected(earned(), 2000n, [standing]);
    commission = corrected(commission, 5000n, [standing, loss('re_1', 3000n)]);
    commission = corrected(commission, 6000n, [{ ...standing, amountMinor: '3000' }, loss('re_1', 3000n)]);
    commission = corrected(commission, 3000n, [{ ...standing, status: 'won' }, loss('re_1', 3000n)]);
    expect(
      explainCommission(commission)
        .steps.slice(1)
        .map(({ causes, summary }) => [causes.map(({ id }) => id), summary]),
    ).toEqual([
      [['dp_1'], '4.00 USD was taken back: dispute dp_1 of 20.00 USD (needs_response).'],
      [['re_1'], '6.00 USD was taken back: refund re_1 of 30.00 USD (succeeded).'],
      [['dp_1'], '2.00 USD was taken back: dispute dp_1 of 30.00 USD (needs_response).'],
      [['dp_1'], '6.00 USD was given back: dispute dp_1 of 20.00 USD (won).'],
    ]);
  });

  it('tell how a payment over several invoices was split', () => {
    const share = {
      paymentId: 'pi_1',
      lostMinor: '100',
      invoicePartMinor: '600',
      paymentTotalMinor: '900',
      shareMinor: '67',
    };
    const commission = corrected(earned({ totalMinor: 600n }), 67n, [loss('re_1', 100n)], { shares: [share] });
    expect(explainCommission(commission).steps[1]?.formula).toBe(
      'of 100 lost on pi_1 this invoice bears 600 of 900: 67; amount = floor(600 × (600 − 67) × 2000 / (600 × 10000)) = 106',
    );
  });

  it('leave out a calculation where money only became payable or held', () => {
    const commission = earned();
    const inquiry = {
      losses: [loss('dp_1', 9900n, 'warning_needs_response', 'dispute')],
      lostMinor: '0',
      netMinor: '1980',
    };
    commission.entries.push(
      entry('released', 0n, {}, 1980n),
      entry('held', 0n, inquiry, 1980n),
      entry('held', 0n, { payoutId: 'po_1' }, 1980n),
    );
    const moved = explainCommission(commission).steps.slice(1);
    expect(moved.map(({ kind, change, netAmount, formula }) => [kind, change, netAmount, formula])).toEqual([
      ['released', 0, 1980, null],
      ['held', 0, 1980, null],
      ['held', 0, 1980, null],
    ]);
    expect(moved.map(({ moved: amount, reason }) => [amount, reason])).toEqual([
      [1980, null],
      [1980, 'losses'],
      [1980, 'payout_returned'],
    ]);
    expect(moved.map(({ summary }) => summary)).toEqual([
      '19.80 USD became payable.',
      '19.80 USD is held back: dispute dp_1 of 99.00 USD (warning_needs_response).',
      '19.80 USD is held back: payout po_1 gave it back while an inquiry was open.',
    ]);
  });

  it.each<[string, EntryFacts, string]>([
    ['a refund', {}, 'losses'],
    ['a rejection', { rejection: { caseId: 'case_1', rule: 'conversion_rate' } }, 'rejected'],
    ['an earlier first invoice', { withinTerm: false }, 'beyond_term'],
  ])('name the reason of a correction by a code: %s', (_name, facts, reason) => {
    const commission = corrected(earned(), 9900n, [loss('re_1', 9900n)], facts);
    expect(explainCommission(commission).steps[1]).toMatchObject({ kind: 'reversed', moved: 1980, reason });
  });

  it('explain a correction of two entries once, at the second, and name its cause at both', () => {
    const commission = earned();
    const facts: EntryFacts = {
      lostMinor: '9900',
      netMinor: '0',
      withinTerm: true,
      losses: [loss('dp_1', 9900n, 'lost', 'dispute')],
      shares: [],
    };
    commission.entries.push(entry('reversed', -500n, facts), entry('reversed', -1480n, facts));
    expect(explainCommission(commission).steps.slice(1)).toMatchObject([
      { netAmount: 1480, formula: null, causes: [{ id: 'dp_1' }] },
      { netAmount: 0, formula: expect.stringContaining('= 0') as string, causes: [{ id: 'dp_1' }] },
    ]);
  });
});

describe('the calculator test', () => {
  it('every formula comes to what it says, and what it says is the net, whatever was paid and lost', () => {
    const cases = fc.record({
      totalMinor: fc.bigInt(1n, 10n ** 9n),
      paidPercent: fc.integer({ min: 1, max: 120 }),
      taxPercent: fc.integer({ min: 0, max: 40 }),
      rateBps: fc.integer({ min: 0, max: 10_000 }),
      currency: fc.constantFrom('usd', 'jpy', 'kwd', 'isk'),
      lostPerMille: fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(cases, ({ totalMinor, paidPercent, taxPercent, rateBps, currency, lostPerMille }) => {
        let commission = earned({
          totalMinor,
          amountPaidMinor: (totalMinor * BigInt(paidPercent)) / 100n,
          totalExcludingTaxMinor: totalMinor - (totalMinor * BigInt(taxPercent)) / 100n,
          rateBps,
          currency,
        });
        const paidMinor = paidOf(commission.invoice);
        fc.pre(paidMinor > 0n);
        for (const perMille of lostPerMille) {
          const lostMinor = (paidMinor * BigInt(perMille)) / 1000n;
          commission = corrected(commission, lostMinor, [loss('re_1', lostMinor)]);
        }
        const { formula, base, roundedFrom, steps } = explainCommission(commission);
        const net = steps.at(-1)?.netAmount ?? 0;
        expect(resultsOf(formula)).toEqual([base, net]);
        const stepMinor = Number(currencyStepMinor(currency));
        const whole = Number(roundedFrom.split('.')[0]);
        expect(whole - (whole % stepMinor)).toBe(net);
        for (const step of steps) expect(resultsOf(step.formula ?? '').at(-1)).toBe(step.netAmount);
      }),
    );
  });

  it('would find a wrong sum', () => {
    expect(calculate('amount = floor(9900 × 2000 / 10000) = 1981')).toEqual([
      { name: 'amount', result: 1980n, claimed: 1981n },
    ]);
  });

  function resultsOf(formula: string): number[] {
    return calculate(formula).map(({ result, claimed }) => {
      expect([formula, result]).toEqual([formula, claimed]);
      return Number(result);
    });
  }
});
