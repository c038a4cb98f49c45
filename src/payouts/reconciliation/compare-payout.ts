import type { ListedTransfer } from './transfer-reader.js';

const HOUR_MS = 60 * 60 * 1000;

/** A webhook that got lost is fetched within a quarter of an hour; what is younger than this may still be on its way. */
const TOLD_WITHIN_MS = HOUR_MS;
/** A transfer without an answer is looked up 20 hours after it was sent. */
const ADOPTED_WITHIN_MS = 24 * HOUR_MS;

/** In what the ledger and Stripe can disagree about a payout (docs/operations.md says what to do about each). */
export const FINDING_KINDS = [
  'transfer_missing',
  'transfer_extra',
  'payout_missing',
  'payout_not_paid',
  'payout_pending',
  'amount_differs',
  'currency_differs',
  'destination_differs',
  'reversal_differs',
  'reversals_incomplete',
  'journal_differs',
  'sum_differs',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

export interface Finding {
  kind: FindingKind;
  /** Not a difference yet: it is so young that nothing need be wrong. */
  isOpen: boolean;
  payoutId: string | null;
  affiliateId: string | null;
  transferId: string | null;
  currency: string;
  /** What should be, by our side, and what is there, in minor units. */
  expectedMinor: bigint;
  foundMinor: bigint;
  message: string;
}

/** A payout as the database has it. */
export interface KnownPayout {
  id: string;
  affiliateId: string;
  status: string;
  currency: string;
  amountMinor: bigint;
  amountReversedMinor: bigint;
  destination: string;
  stripeTransferId: string | null;
}

export interface PayoutSides {
  payoutId: string;
  /** Null when there is no such payout. */
  payout: KnownPayout | null;
  /** What the journal's entries of this payout sum to in *paid out*, by currency. */
  journal: { currency: string; paidMinor: bigint }[];
  transfers: ListedTransfer[];
}

/** Everything in which the two sides of one payout differ, as of a moment. */
export function comparePayout({ payoutId, payout, journal, transfers }: PayoutSides, asOf: Date): Finding[] {
  const about = { isOpen: false, payoutId, affiliateId: payout?.affiliateId ?? null };
  const ofTransfer = (transfer: ListedTransfer) => ({
    ...about,
    transferId: transfer.transferId,
    currency: transfer.currency,
  });
  const incomplete = transfers
    .filter(({ reversalsMinor, amountReversedMinor }) => reversalsMinor !== amountReversedMinor)
    .map((transfer): Finding => ({
      ...ofTransfer(transfer),
      kind: 'reversals_incomplete',
      expectedMinor: transfer.amountReversedMinor,
      foundMinor: transfer.reversalsMinor,
      message: "the transfer's reversals do not sum to what it says was reversed of it",
    }));
  const unclaimed =
    (kind: FindingKind, message: string) =>
    (transfer: ListedTransfer): Finding => ({
      ...ofTransfer(transfer),
      kind,
      expectedMinor: 0n,
      foundMinor: leftOf(transfer),
      message,
    });
  const inJournal = journalFindings(payout, journal).map((finding): Finding => ({ ...about, ...finding }));
  const outstanding = transfers.filter((transfer) => leftOf(transfer) > 0n);
  if (!payout) {
    const orphans = outstanding.map(
      unclaimed('payout_missing', 'a transfer in the group of a payout that does not exist'),
    );
    return [...incomplete, ...inJournal, ...orphans];
  }
  const own = ownTransfer(payout, transfers);
  const others = outstanding.filter((transfer) => transfer !== own);
  const stands = isPaid(payout) || payout.status === 'pending';
  return [
    ...incomplete,
    ...inJournal,
    ...(own ? ownFindings(payout, own, asOf) : missingFindings(payout)).map((finding): Finding => ({
      ...about,
      ...finding,
    })),
    ...others.map(
      stands
        ? unclaimed('transfer_extra', "a transfer in the payout's group beside its own")
        : unclaimed('payout_not_paid', `the money left, although the payout is ${payout.status} and was given back`),
    ),
  ];
}

/** The one that the payout was paid with; while it waits for its outcome, the first that could be it. */
function ownTransfer(payout: KnownPayout, transfers: ListedTransfer[]): ListedTransfer | undefined {
  if (isPaid(payout)) return transfers.find(({ transferId }) => transferId === payout.stripeTransferId);
  if (payout.status !== 'pending') return undefined;
  return [...transfers].sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())[0];
}

type OwnFinding = Omit<Finding, 'payoutId' | 'affiliateId'>;

function ownFindings(payout: KnownPayout, transfer: ListedTransfer, asOf: Date): OwnFinding[] {
  const { transferId, amountMinor, amountReversedMinor, reversedAt, createdAt } = transfer;
  const about = { isOpen: false, transferId, currency: payout.currency };
  const whole = { expectedMinor: payout.amountMinor, foundMinor: amountMinor };
  const findings: OwnFinding[] = [];
  if (transfer.currency !== payout.currency) {
    const message = `the transfer is in ${transfer.currency}, the payout in ${payout.currency}`;
    findings.push({ ...about, ...whole, kind: 'currency_differs', message });
  }
  if (amountMinor !== payout.amountMinor) {
    findings.push({ ...about, ...whole, kind: 'amount_differs', message: 'the transfer has another amount' });
  }
  if (transfer.destination !== payout.destination) {
    const message = `the transfer went to ${transfer.destination}, the payout is for ${payout.destination}`;
    findings.push({ ...about, ...whole, kind: 'destination_differs', message });
  }
  if (payout.status === 'pending') {
    findings.push({
      ...about,
      kind: 'payout_pending',
      isOpen: asOf.getTime() - createdAt.getTime() < ADOPTED_WITHIN_MS,
      expectedMinor: 0n,
      foundMinor: leftOf(transfer),
      message: 'the transfer exists, and the payout still waits for its outcome',
    });
  } else if (amountReversedMinor !== payout.amountReversedMinor) {
    const isYoung = reversedAt !== null && asOf.getTime() - reversedAt.getTime() < TOLD_WITHIN_MS;
    findings.push({
      ...about,
      kind: 'reversal_differs',
      isOpen: isYoung && amountReversedMinor > payout.amountReversedMinor,
      expectedMinor: payout.amountReversedMinor,
      foundMinor: amountReversedMinor,
      message: 'Stripe has reversed another amount than the ledger',
    });
  }
  return findings;
}

function missingFindings(payout: KnownPayout): OwnFinding[] {
  if (!isPaid(payout)) return [];
  return [
    {
      kind: 'transfer_missing',
      isOpen: false,
      transferId: payout.stripeTransferId,
      currency: payout.currency,
      expectedMinor: payout.amountMinor - payout.amountReversedMinor,
      foundMinor: 0n,
      message: 'the payout is paid, and Stripe has no such transfer in its group',
    },
  ];
}

/** The payout's row against the entries that cannot be changed. */
function journalFindings(payout: KnownPayout | null, journal: PayoutSides['journal']): OwnFinding[] {
  const paidMinor = payout && isPaid(payout) ? payout.amountMinor - payout.amountReversedMinor : 0n;
  const expected = new Map(payout ? [[payout.currency, paidMinor]] : []);
  const found = new Map(journal.map((sum) => [sum.currency, sum.paidMinor]));
  return [...new Set([...expected.keys(), ...found.keys()])]
    .map((currency) => ({
      currency,
      expectedMinor: expected.get(currency) ?? 0n,
      foundMinor: found.get(currency) ?? 0n,
    }))
    .filter(({ expectedMinor, foundMinor }) => expectedMinor !== foundMinor)
    .map((sums) => ({
      ...sums,
      kind: 'journal_differs' as const,
      isOpen: false,
      transferId: null,
      message: `the payout is ${payout?.status ?? 'not there'}, and the journal says otherwise: somebody changed its row`,
    }));
}

function isPaid({ status }: KnownPayout): boolean {
  return status === 'paid' || status === 'reversed';
}

function leftOf({ amountMinor, amountReversedMinor }: ListedTransfer): bigint {
  return amountMinor - amountReversedMinor;
}
