/** A transfer of one of our groups as the provider shows it at some moment. */
export interface TransferFact {
  transferId: string;
  /** By its group; whether there is such a payout is another question. */
  payoutId: string;
  amountMinor: bigint;
  /** The sum of everything that was taken back of it until then. */
  amountReversedMinor: bigint;
  currency: string;
  /** The account that received it. */
  destination: string;
  createdAt: Date;
  /** When the last of its reversals was made; null as long as there is none. */
  reversedAt: Date | null;
}
