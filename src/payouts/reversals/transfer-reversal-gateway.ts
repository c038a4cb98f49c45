import type { TransferFact } from './transfer-fact.js';

/** One part of a transfer that we want to have back. Nothing of it changes between two sends of an attempt. */
export interface ReversalIntent {
  /** Ours, kept with the reversal at the provider, so that it can be found again. */
  reversalId: string;
  transferId: string;
  amountMinor: bigint;
  idempotencyKey: string;
}

/** A reversal that exists at the provider, with its transfer as it is since. */
export interface MadeReversal {
  stripeReversalId: string;
  transfer: TransferFact;
}

/**
 * What is known after asking for a reversal:
 * - `reversed`: the answer is this reversal.
 * - `refused`: a definite no; most often the account does not hold the money any more.
 * - `unknown`: it may or may not have happened, or was only put off. Never treated as refused.
 * - `halted`: our credentials or keys are wrong; asking for more is pointless until staff looked.
 */
export type ReversalOutcome =
  | ({ kind: 'reversed' } & MadeReversal)
  | { kind: 'refused'; code: string; message: string }
  | { kind: 'unknown'; detail: string }
  | { kind: 'halted'; detail: string };

/** The door by which money of a transfer is asked back. Implemented in src/stripe. */
export abstract class TransferReversalGateway {
  /** Tells one key of ours from another without betraying it: what one key asked for, another may not know of. */
  abstract readonly credentialId: string;

  /** Asks once, without retries of its own. Never throws for an answer or a broken connection: see ReversalOutcome. */
  abstract reverse(intent: ReversalIntent): Promise<ReversalOutcome>;

  /** The reversal that bears this id of ours; null when there is none. @throws when the provider cannot be asked. */
  abstract findReversal(transferId: string, reversalId: string): Promise<MadeReversal | null>;
}
