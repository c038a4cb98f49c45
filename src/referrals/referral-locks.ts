import type { Tx } from '../database/database.js';

/**
 * Serialises everything that decides who is credited for a user: reporting the referral, binding the Stripe customer,
 * and storing an invoice or subscription of theirs. Without it, an invoice and its referral that arrive at the same
 * moment would each not see the other, and the commission would be lost. Held until the transaction ends; keys are
 * taken in sorted order.
 */
export async function lockReferralSubjects(
  tx: Tx,
  subjects: { referredUserId?: string | null; stripeCustomerId?: string | null },
): Promise<void> {
  const keys: string[] = [];
  if (subjects.stripeCustomerId) keys.push(`stripe-customer:${subjects.stripeCustomerId}`);
  if (subjects.referredUserId) keys.push(`referred-user:${subjects.referredUserId}`);
  // A FROM with LIMIT-free ORDER BY inside keeps PostgreSQL from calling the locks out of order.
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock(hashtextextended(key, 0))
    FROM (SELECT key FROM unnest(${keys.sort()}::text[]) WITH ORDINALITY AS k (key, n) ORDER BY n OFFSET 0) ordered`;
}
