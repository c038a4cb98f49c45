import type { TransferFact } from '../reversals/transfer-fact.js';

/** A transfer with what its reversals come to, each a record of its own at the provider. */
export interface ListedTransfer extends TransferFact {
  reversalsMinor: bigint;
}

/** What the provider has, for comparing. Implemented in src/stripe. */
export abstract class TransferReader {
  /**
   * All transfers of our groups that were made since a moment, a page at a time; other transfers of the platform are
   * left out. One that is made or changed meanwhile may be in it or not. @throws when the provider cannot be asked.
   */
  abstract listTransfers(since: Date | null): AsyncIterable<ListedTransfer[]>;

  /**
   * The transfers of one payout's group as they are now, and those of `transferIds` that are this payout's though they
   * lack the group. @throws when the provider cannot be asked.
   */
  abstract findTransfers(payoutId: string, transferIds: string[]): Promise<ListedTransfer[]>;
}
