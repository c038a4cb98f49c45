import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { toJsonAmount } from '../../common/money.js';
import { PayoutGateway } from '../../payouts/payout-gateway.js';
import {
  TransferReversalGateway,
  type MadeReversal,
  type ReversalIntent,
  type ReversalOutcome,
} from '../../payouts/reversals/transfer-reversal-gateway.js';
import { idOf, listedIn, metadataValue } from '../stripe-object.js';
import { outcomeOf } from './stripe-payout-gateway.js';
import { transferFactOf } from './transfer-facts.js';

const PAGE_SIZE = 100;
/** Where our id stands in a reversal's metadata. */
const METADATA_KEY = 'reversalId';

@Injectable()
export class StripeTransferReversalGateway extends TransferReversalGateway {
  override readonly credentialId: string;

  constructor(
    private readonly stripe: Stripe,
    payouts: PayoutGateway,
  ) {
    super();
    this.credentialId = payouts.credentialId;
  }

  override async reverse(intent: ReversalIntent): Promise<ReversalOutcome> {
    const { reversalId, transferId, amountMinor, idempotencyKey } = intent;
    try {
      const reversal = await this.stripe.transfers.createReversal(
        transferId,
        { amount: toJsonAmount(amountMinor), metadata: { [METADATA_KEY]: reversalId } },
        { idempotencyKey },
      );
      return isThisReversal(reversal, intent)
        ? { kind: 'reversed', ...(await this.made(reversal)) }
        : { kind: 'unknown', detail: 'the answer is not this reversal' };
    } catch (error) {
      return refusalOf(error);
    }
  }

  override async findReversal(transferId: string, reversalId: string): Promise<MadeReversal | null> {
    let last: string | undefined;
    do {
      const page = await this.stripe.transfers.listReversals(transferId, {
        limit: PAGE_SIZE,
        ...(last !== undefined && { starting_after: last }),
      });
      const reversals = listedIn(page);
      const found = reversals.find(({ metadata }) => metadataValue(metadata, METADATA_KEY) === reversalId);
      if (found) return this.made(found);
      last = page.has_more ? reversals.at(-1)?.id : undefined;
    } while (last !== undefined);
    return null;
  }

  /** A reversal tells its own amount only; what counts is what was reversed of the transfer in all. */
  private async made(reversal: Stripe.TransferReversal): Promise<MadeReversal> {
    const transferId = idOf(reversal.transfer) ?? '';
    const transfer = transferFactOf(await this.stripe.transfers.retrieve(transferId));
    if (!transfer) throw new Error(`transfer ${transferId} is in no group of ours`);
    return { stripeReversalId: reversal.id, transfer };
  }
}

/** The SDK takes any body without an `error` object for success, so only a body that is this reversal counts. */
function isThisReversal(reversal: Partial<Stripe.TransferReversal>, intent: ReversalIntent): boolean {
  return (
    reversal.object === 'transfer_reversal' &&
    typeof reversal.id === 'string' &&
    reversal.amount === toJsonAmount(intent.amountMinor) &&
    idOf(reversal.transfer) === intent.transferId
  );
}

function refusalOf(error: unknown): Exclude<ReversalOutcome, { kind: 'reversed' }> {
  const outcome = outcomeOf(error);
  switch (outcome.kind) {
    case 'insufficient_funds':
      return {
        kind: 'refused',
        code: 'balance_insufficient',
        message: 'The account does not hold that much any more.',
      };
    case 'busy':
      return { kind: 'unknown', detail: outcome.detail };
    default:
      return outcome;
  }
}
