import { comparePayout, type KnownPayout, type PayoutSides } from './compare-payout.js';
import type { ListedTransfer } from './transfer-reader.js';

const HOUR_MS = 60 * 60 * 1000;
const SENT_AT = new Date('2026-12-01T06:00:00Z');
const later = (ms: number): Date => new Date(SENT_AT.getTime() + ms);

function payout(overrides: Partial<KnownPayout> = {}): KnownPayout {
  return {
    id: 'po_1',
    affiliateId: 'aff_1',
    status: 'paid',
    currency: 'usd',
    amountMinor: 3000n,
    amountReversedMinor: 0n,
    destination: 'acct_1',
    stripeTransferId: 'tr_1',
    ...overrides,
  };
}

/** Reversed in part and listed with all its reversals, unless told otherwise. */
function transfer(overrides: Partial<ListedTransfer> = {}): ListedTransfer {
  const amountReversedMinor = overrides.amountReversedMinor ?? 0n;
  return {
    transferId: 'tr_1',
    payoutId: 'po_1',
    amountMinor: 3000n,
    amountReversedMinor,
    reversalsMinor: amountReversedMinor,
    currency: 'usd',
    destination: 'acct_1',
    createdAt: SENT_AT,
    reversedAt: amountReversedMinor > 0n ? SENT_AT : null,
    ...overrides,
  };
}

const pending = payout({ status: 'pending', stripeTransferId: null });
const failed = payout({ status: 'failed', stripeTransferId: null });
const other = transfer({ transferId: 'tr_2' });

/** `kind` with `~` before it where it is no difference yet. */
function findings(
  known: KnownPayout | null,
  transfers: ListedTransfer[],
  paidMinor: bigint | null,
  asOf: Date,
): [string, bigint, bigint][] {
  const journal: PayoutSides['journal'] = paidMinor === null ? [] : [{ currency: 'usd', paidMinor }];
  return comparePayout({ payoutId: 'po_1', payout: known, journal, transfers }, asOf).map(
    ({ kind, isOpen, expectedMinor, foundMinor }) => [`${isOpen ? '~' : ''}${kind}`, expectedMinor, foundMinor],
  );
}

describe('comparePayout', () => {
  it.each<[string, KnownPayout | null, ListedTransfer[], bigint | null, [string, bigint, bigint][]]>([
    ['a paid payout with its transfer', payout(), [transfer()], 3000n, []],
    ['one that failed without any', failed, [], null, []],
    ['one that waits and was never sent', pending, [], null, []],
    [
      'a second transfer that came back whole',
      payout(),
      [transfer(), transfer({ transferId: 'tr_2', amountReversedMinor: 3000n })],
      3000n,
      [],
    ],
    ['a paid payout without its transfer', payout(), [], 3000n, [['transfer_missing', 3000n, 0n]]],
    ['a second transfer beside it', payout(), [transfer(), other], 3000n, [['transfer_extra', 0n, 3000n]]],
    [
      'a second transfer of one that waits',
      pending,
      [transfer(), other],
      null,
      [
        ['~payout_pending', 0n, 3000n],
        ['transfer_extra', 0n, 3000n],
      ],
    ],
    ['a transfer of one that was given back', failed, [transfer()], null, [['payout_not_paid', 0n, 3000n]]],
    ['a transfer of none', null, [transfer({ amountReversedMinor: 1000n })], null, [['payout_missing', 0n, 2000n]]],
    ['entries of none', null, [], 3000n, [['journal_differs', 0n, 3000n]]],
    ['another sum in the journal', payout(), [transfer()], 2999n, [['journal_differs', 3000n, 2999n]]],
    ['another amount', payout(), [transfer({ amountMinor: 2999n })], 3000n, [['amount_differs', 3000n, 2999n]]],
    ['another currency', payout(), [transfer({ currency: 'eur' })], 3000n, [['currency_differs', 3000n, 3000n]]],
    [
      'another destination',
      payout(),
      [transfer({ destination: 'acct_2' })],
      3000n,
      [['destination_differs', 3000n, 3000n]],
    ],
    [
      'a reversal that was just made',
      payout(),
      [transfer({ amountReversedMinor: 100n })],
      3000n,
      [['~reversal_differs', 0n, 100n]],
    ],
    [
      'a reversal that only the ledger knows, however young another one is',
      payout({ amountReversedMinor: 200n }),
      [transfer({ amountReversedMinor: 100n })],
      2800n,
      [['reversal_differs', 200n, 100n]],
    ],
    [
      'reversals of which not all are listed',
      payout({ amountReversedMinor: 200n }),
      [transfer({ amountReversedMinor: 200n, reversalsMinor: 100n })],
      2800n,
      [['reversals_incomplete', 200n, 100n]],
    ],
  ])('finds in %s what is to be said, and nothing else', (_title, known, transfers, paidMinor, expected) => {
    expect(findings(known, transfers, paidMinor, later(1))).toEqual(expected);
  });

  it('takes an answer that is missing for a difference after a day, and news of a reversal after an hour', () => {
    const kindsAfter = (known: KnownPayout, made: ListedTransfer, paidMinor: bigint | null, ms: number): string[] =>
      findings(known, [made], paidMinor, later(ms)).map(([kind]) => kind);
    expect(kindsAfter(pending, transfer(), null, 24 * HOUR_MS - 1)).toEqual(['~payout_pending']);
    expect(kindsAfter(pending, transfer(), null, 24 * HOUR_MS)).toEqual(['payout_pending']);
    const reversed = transfer({ amountReversedMinor: 100n });
    expect(kindsAfter(payout(), reversed, 3000n, HOUR_MS - 1)).toEqual(['~reversal_differs']);
    expect(kindsAfter(payout(), reversed, 3000n, HOUR_MS)).toEqual(['reversal_differs']);
  });
});
