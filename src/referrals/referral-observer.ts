import type { Referral } from '@prisma/client';
import type { SqlTx } from '../database/sql-transaction.js';

/**
 * A port: what others do when a referral comes to be. Invoices may have been paid before the host reported the signup,
 * and earn from this moment on.
 *
 * Called inside the transaction that made the change, so both stand or fall together; the rows may be changed through
 * `tx`, and are then read again before they are answered.
 */
export abstract class ReferralObserver {
  /**
   * Referrals were created, each with its own user; Stripe customers, where the host gave them, are bound already.
   * @returns the ids of those whose rows may not be what they were.
   */
  abstract referralsCreated(tx: SqlTx, referrals: Referral[]): Promise<string[]>;

  /** A Stripe customer was bound to a referral that existed before. */
  abstract customerBound(tx: SqlTx, referral: Referral): Promise<void>;
}
