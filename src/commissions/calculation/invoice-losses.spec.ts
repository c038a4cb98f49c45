import fc from 'fast-check';
import { lossesOfInvoice, lossesOutOfBand, splitByWeight, type InvoicePayment, type Loss } from './invoice-losses.js';

const invoice = { id: 'in_1', currency: 'usd', paidMinor: 10_000n };

function payment(overrides: Partial<InvoicePayment> = {}): InvoicePayment {
  return { invoiceId: 'in_1', paymentId: 'pi_1', amountMinor: 10_000n, status: 'paid', ...overrides };
}

function refund(amountMinor: bigint, overrides: Partial<Loss> = {}): Loss {
  return {
    id: `re_${amountMinor}`,
    source: 'refund',
    paymentId: 'pi_1',
    invoiceId: null,
    currency: 'usd',
    amountMinor,
    status: 'succeeded',
    unknownStatuses: [],
    ...overrides,
  };
}

function dispute(amountMinor: bigint, status: string): Loss {
  return refund(amountMinor, { id: 'dp_1', source: 'dispute', status });
}

function creditNote(amountMinor: bigint, status = 'issued'): Loss {
  return refund(amountMinor, { id: 'cn_1', source: 'credit_note', paymentId: null, invoiceId: 'in_1', status });
}

describe('lossesOfInvoice', () => {
  it.each<[string, InvoicePayment[], Loss[], bigint, boolean]>([
    [
      'another payment that is still open has brought nothing',
      [payment(), payment({ paymentId: 'pi_2', amountMinor: 4000n, status: 'open' })],
      [refund(10_000n)],
      10_000n,
      false,
    ],
    [
      'what goes back of a payment that others make superfluous costs nothing, and gives nothing',
      [payment(), payment({ paymentId: 'pi_2', amountMinor: 12_000n })],
      [refund(500n)],
      0n,
      false,
    ],
    ['nothing was lost', [payment()], [], 0n, false],
    ['a refund of its one payment counts whole', [payment()], [refund(2500n)], 2500n, false],
    ['refunds add up', [payment()], [refund(2500n), refund(1000n)], 3500n, false],
    ['a refund under way takes nothing yet', [payment()], [refund(2500n, { status: 'pending' })], 0n, false],
    ['a failed refund takes nothing any more', [payment()], [refund(2500n, { status: 'failed' })], 0n, false],
    ['an open dispute takes', [payment()], [dispute(10_000n, 'needs_response')], 10_000n, false],
    ['a lost dispute takes', [payment()], [dispute(10_000n, 'lost')], 10_000n, false],
    ['a won dispute takes nothing', [payment()], [dispute(10_000n, 'won')], 0n, false],
    ['an inquiry holds and takes nothing', [payment()], [dispute(10_000n, 'warning_under_review')], 0n, true],
    ['a closed inquiry does neither', [payment()], [dispute(10_000n, 'warning_closed')], 0n, false],
    ['a status unknown to us takes', [payment()], [dispute(10_000n, 'on_the_moon')], 10_000n, false],
    ['a new kind of inquiry holds', [payment()], [dispute(10_000n, 'warning_on_the_moon')], 0n, true],
    [
      'refund and dispute together never pass what was paid',
      [payment()],
      [refund(6000n), dispute(10_000n, 'lost')],
      10_000n,
      false,
    ],
    ['a credit note settled outside Stripe counts', [payment()], [creditNote(1500n)], 1500n, false],
    ['a voided credit note does not', [payment()], [creditNote(1500n, 'void')], 0n, false],
    [
      'a refund of a payment that paid nothing of it does not',
      [payment()],
      [refund(2500n, { paymentId: 'pi_2' })],
      0n,
      false,
    ],
    [
      'a payment that was cancelled is no way to the invoice',
      [payment({ status: 'canceled' })],
      [refund(2500n)],
      0n,
      false,
    ],
    [
      'a refund of a payment over two invoices is split by what it paid of each',
      [payment({ amountMinor: 7500n }), payment({ invoiceId: 'in_2', amountMinor: 2500n })],
      [refund(4000n)],
      3000n,
      false,
    ],
    [
      'the odd cent goes to the largest remainder, at a tie to the first invoice',
      [payment({ amountMinor: 5000n }), payment({ invoiceId: 'in_2', amountMinor: 5000n })],
      [refund(3n)],
      2n,
      false,
    ],
    [
      'many refunds of a cent over two invoices end where one large refund does',
      [payment({ amountMinor: 50n }), payment({ invoiceId: 'in_2', amountMinor: 50n })],
      Array.from({ length: 100 }, (_, n) => refund(1n, { id: `re_${n}` })),
      50n,
      false,
    ],
    [
      'refund and dispute of one of two payments leave what the other brought',
      [payment({ amountMinor: 4000n }), payment({ paymentId: 'pi_2', amountMinor: 6000n })],
      [refund(4000n), dispute(4000n, 'lost')],
      4000n,
      false,
    ],
    [
      'a loss in another currency counts for all that was paid',
      [payment()],
      [refund(5n, { currency: 'eur' })],
      10_000n,
      false,
    ],
  ])('%s', (_title, payments, losses, lostMinor, inquiryOpen) => {
    expect(lossesOfInvoice(invoice, payments, losses)).toMatchObject({ lostMinor, inquiryOpen });
  });
});

describe('lossesOutOfBand', () => {
  /** 30.00 came through Stripe by one payment, 70.00 outside. */
  const lostOf = (losses: Loss[]): [bigint, bigint] => {
    const throughStripe = lossesOfInvoice({ ...invoice, paidMinor: 3000n }, [payment({ amountMinor: 3000n })], losses);
    const outside = { ...invoice, paidMinor: 7000n, throughStripeMinor: 3000n };
    return [throughStripe.lostMinor, lossesOutOfBand(outside, throughStripe).lostMinor];
  };

  it.each<[string, Loss[], [bigint, bigint]]>([
    ['nothing was lost', [], [0n, 0n]],
    ['a refund is of its payment alone', [refund(3000n)], [3000n, 0n]],
    ['a dispute, even of more than was paid, too', [dispute(9000n, 'lost')], [3000n, 0n]],
    ['a credit note takes what is left of the payment first', [creditNote(2000n)], [2000n, 0n]],
    ['and then from here', [creditNote(5000n)], [3000n, 2000n]],
    ['so that all of it ends at nothing', [creditNote(10_000n)], [3000n, 7000n]],
    ['what a refund took is not left', [refund(1000n), creditNote(5000n)], [3000n, 3000n]],
    ['more than was paid takes no more', [refund(3000n), creditNote(10_000n)], [3000n, 7000n]],
    ['a voided credit note takes nothing', [creditNote(10_000n, 'void')], [0n, 0n]],
    ['one in another currency takes everything', [{ ...creditNote(1n), currency: 'eur' }], [3000n, 7000n]],
  ])('%s', (_title, losses, expected) => {
    expect(lostOf(losses)).toEqual(expected);
  });

  it('takes with the other part exactly what was lost, up to what was paid', () => {
    const amount = fc.bigInt(0n, 12_000n);
    fc.assert(
      fc.property(amount, amount, (refundedMinor, creditedMinor) => {
        const [through, outside] = lostOf([refund(refundedMinor), creditNote(creditedMinor)]);
        const refundCounted = refundedMinor < 3000n ? refundedMinor : 3000n;
        const lost = refundCounted + creditedMinor;
        expect(through + outside).toBe(lost < 10_000n ? lost : 10_000n);
      }),
    );
  });
});

describe('splitByWeight', () => {
  it('loses no unit, and is never more than one off the exact share', () => {
    const weights = fc.array(fc.bigInt(0n, 10n ** 9n), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 9n), weights, (amountMinor, parts) => {
        const named = new Map(parts.map((weight, n) => [`in_${n}`, weight]));
        const split = splitByWeight(amountMinor, named);
        const total = parts.reduce((sum, weight) => sum + weight, 0n);
        expect([...split.values()].reduce((sum, part) => sum + part, 0n)).toBe(amountMinor);
        for (const [name, part] of split) {
          if (total === 0n) continue;
          const exact = amountMinor * (named.get(name) ?? 0n);
          expect(part * total).toBeGreaterThan(exact - total);
          expect(part * total).toBeLessThan(exact + total);
        }
      }),
    );
  });

  it('is even where nothing has a weight', () => {
    const nothing = new Map([
      ['in_1', 0n],
      ['in_2', 0n],
    ]);
    expect([...splitByWeight(5n, nothing)]).toEqual([
      ['in_1', 3n],
      ['in_2', 2n],
    ]);
  });

  it('does not depend on the order in which the parts are named', () => {
    const forwards = new Map([
      ['in_1', 1n],
      ['in_2', 1n],
      ['in_3', 1n],
    ]);
    const backwards = new Map([...forwards].reverse());
    expect(splitByWeight(5n, forwards)).toEqual(
      new Map([
        ['in_1', 2n],
        ['in_2', 2n],
        ['in_3', 1n],
      ]),
    );
    expect(Object.fromEntries(splitByWeight(5n, backwards))).toEqual(Object.fromEntries(splitByWeight(5n, forwards)));
  });
});
