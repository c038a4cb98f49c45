/** One transfer we want to exist. Its id, amount and destination never change between two sends of an attempt. */
export interface TransferIntent {
  payoutId: string;
  amountMinor: bigint;
  currency: string;
  /** The affiliate's Stripe account. */
  destination: string;
  idempotencyKey: string;
}

/**
 * What is known after asking for a transfer:
 * - `sent`: the answer is this transfer.
 * - `refused`: a definite no with the provider's error; nothing was moved by *this* request.
 * - `insufficient_funds`: a definite no that goes away once the platform's balance is there.
 * - `busy`: not executed; the same key may be sent again after a pause.
 * - `unknown`: it may or may not have happened. Never treated as failed.
 * - `halted`: our credentials or keys are wrong; sending anything more is pointless until staff looked. `nothingDone`
 *   tells whether this request certainly moved nothing.
 */
export type TransferOutcome =
  | { kind: 'sent'; transferId: string }
  | { kind: 'refused'; code: string; message: string }
  | { kind: 'insufficient_funds' }
  | { kind: 'busy'; detail: string }
  | { kind: 'unknown'; detail: string }
  | { kind: 'halted'; detail: string; nothingDone: boolean };

/** A transfer that exists at the provider in a payout's group. */
export interface FoundTransfer {
  transferId: string;
  amountMinor: bigint;
  currency: string;
  destination: string;
}

/** What the platform holds in one currency at the payment provider. */
export interface PlatformBalance {
  currency: string;
  /** What can be transferred now; below zero after a dispute, say. */
  availableMinor: bigint;
}

/** The payout engine's only door to the payment provider. Implemented in src/stripe. */
export abstract class PayoutGateway {
  /** Tells one key of ours from another without betraying it: what one key asked for, another may not know of. */
  abstract readonly credentialId: string;

  /** Asks once, without retries of its own. Never throws for an answer or a broken connection: see TransferOutcome. */
  abstract createTransfer(intent: TransferIntent): Promise<TransferOutcome>;

  /** All transfers of a payout's group. @throws when the provider cannot be asked. */
  abstract findTransfers(payoutId: string): Promise<FoundTransfer[]>;

  /**
   * The platform's balance in every currency it has ever held. A currency that is not among them cannot be paid out
   * (`currency_unavailable`); one that stands at zero only waits for funds. @throws when the provider cannot be asked.
   */
  abstract getBalances(): Promise<PlatformBalance[]>;
}
