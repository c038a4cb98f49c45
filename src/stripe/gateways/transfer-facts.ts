import type Stripe from 'stripe';
import { isId } from '../../common/ids.js';
import type { TransferFact } from '../../payouts/reversals/transfer-fact.js';
import { getAmountMinor, getCurrency, getMoment, idOf, metadataValue } from '../stripe-object.js';

/**
 * The payout that a transfer belongs to, by its group, or by its metadata where somebody made it without a group; null
 * for the platform's other transfers. Ids of ours have a form that Stripe's own `po_…` never have.
 */
function payoutIdOf({ transfer_group: group, metadata }: Stripe.Transfer): string | null {
  return [group, metadataValue(metadata, 'payoutId')].find((id) => id && isId('payout', id)) ?? null;
}

/** What a transfer says of itself; null when it is none of ours. Older snapshots may lack the list of reversals. */
export function transferFactOf(transfer: Stripe.Transfer): TransferFact | null {
  const payoutId = payoutIdOf(transfer);
  if (payoutId === null) return null;
  const newest = Math.max(0, ...reversalsShown(transfer).map(({ created }) => created));
  return {
    transferId: transfer.id,
    payoutId,
    amountMinor: getAmountMinor(transfer, 'amount'),
    amountReversedMinor: getAmountMinor(transfer, 'amount_reversed'),
    currency: getCurrency(transfer),
    destination: idOf(transfer.destination) ?? '',
    createdAt: getMoment(transfer, 'created'),
    reversedAt: newest > 0 ? new Date(newest * 1000) : null,
  };
}

function reversalsShown({ reversals }: { reversals?: Stripe.Transfer['reversals'] }): Stripe.TransferReversal[] {
  return reversals?.data ?? [];
}
