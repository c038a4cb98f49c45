import { lockNames } from '../database/advisory-locks.js';
import type { Tx } from '../database/database.js';

/** Who an invoice, a subscription or a signup is about: a Stripe customer, the host's user, or both. */
export interface ReferralSubject {
  referredUserId?: string | null;
  stripeCustomerId?: string | null;
}

/**
 * Serialises everything that decides who is credited for a user: reporting the referral, binding the Stripe customer,
 * and storing an invoice or subscription of theirs. Without it, an invoice and its referral that arrive at the same
 * moment would each not see the other, and the commission would be lost. Held until the transaction ends.
 */
export async function lockReferralSubjects(tx: Tx, ...subjects: ReferralSubject[]): Promise<void> {
  await lockNames(
    tx,
    subjects.flatMap(({ referredUserId, stripeCustomerId }) => [
      ...(stripeCustomerId ? [`stripe-customer:${stripeCustomerId}`] : []),
      ...(referredUserId ? [`referred-user:${referredUserId}`] : []),
    ]),
  );
}
