import type { Payout, PayoutRun } from '@prisma/client';
import type { NewEntry } from '../commissions/ledger/ledger.js';

type Amount = Pick<Payout, 'id' | 'affiliateId' | 'currency' | 'amountMinor'>;

/** The money is set aside; it happened at the run's cut-off, whenever that was carried out. */
export function reservedEntry(payout: Amount, { period, cutOff }: Pick<PayoutRun, 'period' | 'cutOff'>): NewEntry {
  return entryOf(payout, 'payout_reserved', {
    from: 'payable',
    to: 'in_payout',
    occurredAt: cutOff,
    facts: { period },
  });
}

/** The transfer exists. */
export function paidEntry(payout: Amount, transferId: string, paidAt: Date): NewEntry {
  return entryOf(payout, 'payout_paid', {
    from: 'in_payout',
    to: 'paid_out',
    occurredAt: paidAt,
    facts: { transferId },
  });
}

/** There is no transfer, and there will be none: the money is payable again. */
export function returnedEntry(payout: Amount, returnedAt: Date): NewEntry {
  return entryOf(payout, 'payout_returned', { from: 'in_payout', to: 'payable', occurredAt: returnedAt, facts: {} });
}

/** What was taken back of the transfer since `reversedBeforeMinor`. */
export function reversedEntry(
  payout: Omit<Amount, 'amountMinor'>,
  seen: {
    transferId: string;
    reversedBeforeMinor: bigint;
    amountReversedMinor: bigint;
    reversedAt: Date;
    stripeEventId: string | null;
  },
): NewEntry {
  const { id: payoutId, affiliateId, currency } = payout;
  const { transferId, reversedBeforeMinor, amountReversedMinor, reversedAt, stripeEventId } = seen;
  return {
    kind: 'payout_reversed',
    uniqueKey: `payout_reversed:${payoutId}:${amountReversedMinor}`,
    facts: { payoutId, transferId, amountReversedMinor, reversedBeforeMinor },
    affiliateId,
    currency,
    from: 'paid_out',
    to: 'payable',
    amountMinor: amountReversedMinor - reversedBeforeMinor,
    occurredAt: reversedAt,
    payoutId,
    ...(stripeEventId !== null && { stripeEventId }),
  };
}

function entryOf(
  { id, affiliateId, currency, amountMinor }: Amount,
  kind: 'payout_reserved' | 'payout_paid' | 'payout_returned',
  { facts, ...movement }: Pick<NewEntry, 'from' | 'to' | 'occurredAt' | 'facts'>,
): NewEntry {
  return {
    ...movement,
    kind,
    uniqueKey: `${kind}:${id}`,
    facts: { payoutId: id, amountMinor, ...facts },
    affiliateId,
    currency,
    amountMinor,
    payoutId: id,
  };
}
