import { lockNames, tryLockNames } from '../database/advisory-locks.js';
import type { SqlTx } from '../database/sql-transaction.js';

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
export async function lockReferralSubjects(tx: SqlTx, ...subjects: ReferralSubject[]): Promise<void> {
  await lockNames(tx, subjects.flatMap(namesOf));
}

/**
 * The same for whoever must not wait: locks those that nobody else has locked.
 * @returns the names (namesOf) that somebody else has.
 */
export function tryLockReferralSubjects(tx: SqlTx, subjects: ReferralSubject[]): Promise<Set<string>> {
  return tryLockNames(tx, subjects.flatMap(namesOf));
}

/** What a subject is locked by. */
export function namesOf({ referredUserId, stripeCustomerId }: ReferralSubject): string[] {
  return [
    ...(stripeCustomerId ? [`stripe-customer:${stripeCustomerId}`] : []),
    ...(referredUserId ? [`referred-user:${referredUserId}`] : []),
  ];
}
