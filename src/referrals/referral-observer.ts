import type { Referral } from '@prisma/client';
import type { Tx } from '../database/database.js';

/**
 * A port: what others do when a referral comes to be. Invoices may have been paid before the host reported the signup,
 * and earn from this moment on.
 *
 * Called inside the transaction that made the change, so both stand or fall together; the row may be changed through
 * `tx`, and is read again before it is answered.
 */
export abstract class ReferralObserver {
  /** A referral was created; its Stripe customer, when the host gave one with it, is bound already. */
  abstract referralCreated(tx: Tx, referral: Referral): Promise<void>;

  /** A Stripe customer was bound to a referral that existed before. */
  abstract customerBound(tx: Tx, referral: Referral): Promise<void>;
}
