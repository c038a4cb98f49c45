import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { toJsonAmount } from '../../common/money.js';
import {
  PayoutGateway,
  type FoundTransfer,
  type PlatformBalance,
  type TransferIntent,
  type TransferOutcome,
} from '../../payouts/payout-gateway.js';
import { StripeConnection } from '../stripe-connection.js';
import { describeStripeError } from './stripe-errors.js';

const DEFINITE_REFUSALS = new Set([400, 402, 404]);

@Injectable()
export class StripePayoutGateway extends PayoutGateway {
  override readonly credentialId: string;

  constructor(
    private readonly stripe: Stripe,
    connection: StripeConnection,
  ) {
    super();
    this.credentialId = createHash('sha256').update(connection.secretKey).digest('hex').slice(0, 16);
  }

  override async createTransfer(intent: TransferIntent): Promise<TransferOutcome> {
    try {
      const transfer = await this.stripe.transfers.create(
        {
          amount: toJsonAmount(intent.amountMinor),
          currency: intent.currency,
          destination: intent.destination,
          transfer_group: intent.payoutId,
          metadata: { payoutId: intent.payoutId },
        },
        { idempotencyKey: intent.idempotencyKey },
      );
      return isThisTransfer(transfer, intent)
        ? { kind: 'sent', transferId: transfer.id }
        : { kind: 'unknown', detail: 'the answer is not this transfer' };
    } catch (error) {
      return outcomeOf(error);
    }
  }

  override async findTransfers(payoutId: string): Promise<FoundTransfer[]> {
    const transfers = await this.stripe.transfers.list({ transfer_group: payoutId, limit: 100 });
    return transfers.data
      .filter((transfer) => transfer.transfer_group === payoutId)
      .map((transfer) => ({
        transferId: transfer.id,
        amountMinor: BigInt(transfer.amount),
        currency: transfer.currency,
        destination: destinationOf(transfer) ?? '',
      }));
  }

  override async getBalances(): Promise<PlatformBalance[]> {
    const balance: Partial<Stripe.Balance> = await this.stripe.balance.retrieve();
    // The SDK takes any body without an `error` object for an answer. One that is no balance must not pass for
    // "no currency was ever held".
    if (balance.object !== 'balance' || !Array.isArray(balance.available)) {
      throw new Error("Stripe's answer is no balance");
    }
    return balance.available.map(({ amount, currency }) => ({ currency, availableMinor: BigInt(amount) }));
  }
}

/** The SDK takes any body without an `error` object for success, so only a body that is this transfer counts. */
function isThisTransfer(transfer: Partial<Stripe.Transfer>, intent: TransferIntent): transfer is Stripe.Transfer {
  return (
    transfer.object === 'transfer' &&
    typeof transfer.id === 'string' &&
    transfer.id.startsWith('tr_') &&
    transfer.amount === toJsonAmount(intent.amountMinor) &&
    transfer.currency === intent.currency &&
    destinationOf(transfer) === intent.destination
  );
}

function destinationOf({ destination }: Pick<Partial<Stripe.Transfer>, 'destination'>): string | undefined {
  return typeof destination === 'object' ? destination?.id : destination;
}

/** What an error says of the request for a transfer, or for its reversal. */
export function outcomeOf(error: unknown): Exclude<TransferOutcome, { kind: 'sent' }> {
  const detail = describeStripeError(error);
  if (!(error instanceof Stripe.errors.StripeError)) return { kind: 'unknown', detail };
  // The same key is being executed at this moment, for another request of ours: how that one ends is not known.
  if (error.statusCode === 409) return { kind: 'unknown', detail };
  if (error.statusCode === 401 || error.statusCode === 403) return { kind: 'halted', detail, nothingDone: true };
  // Something was sent under this key with other parameters: our ids are not what we think they are.
  if (error instanceof Stripe.errors.StripeIdempotencyError) return { kind: 'halted', detail, nothingDone: false };
  // Not executed, and not stored under the key.
  if (error.statusCode === 429) return { kind: 'busy', detail };
  if (error.code === 'balance_insufficient') return { kind: 'insufficient_funds' };
  if (error.statusCode !== undefined && DEFINITE_REFUSALS.has(error.statusCode) && error.rawType) {
    return { kind: 'refused', code: error.code ?? error.rawType, message: error.message };
  }
  return { kind: 'unknown', detail };
}
