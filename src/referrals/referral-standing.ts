import { Prisma, type Referral, type StripeSubscription } from '@prisma/client';
import type { SqlTx } from '../database/sql-transaction.js';

/** Statuses in which the customer no longer has the subscription. Anything else, known or not, still counts. */
const ENDED = new Set(['canceled', 'incomplete_expired']);

export function hasEnded(subscriptionStatus: string): boolean {
  return ENDED.has(subscriptionStatus);
}

/** Where a referral stands by what Stripe has told. */
export type Standing = Pick<Referral, 'status' | 'mrrMinor' | 'currency' | 'convertedAt' | 'churnedAt'>;

interface FirstPaid {
  referralId: string;
  paidAt: Date;
  currency: string;
}

/** Where these referrals stand, by two queries for any number. */
export async function standingOf(tx: SqlTx, referrals: readonly Referral[]): Promise<(referral: Referral) => Standing> {
  const subscriptions = await loadSubscriptions(tx, referrals);
  const firstPaid = new Map((await loadFirstPaid(tx, referrals)).map((first) => [first.referralId, first]));
  const subscriptionsOf = new Map<string, StripeSubscription[]>(referrals.map(({ id }) => [id, []]));
  for (const { referralId, ...subscription } of subscriptions) subscriptionsOf.get(referralId)?.push(subscription);
  return (referral) => workOut(referral, subscriptionsOf.get(referral.id) ?? [], firstPaid.get(referral.id) ?? null);
}

function workOut(referral: Referral, subscriptions: StripeSubscription[], firstPaid: FirstPaid | null): Standing {
  const live = subscriptions.filter(({ status }) => !hasEnded(status));
  const currency = live[0]?.currency ?? subscriptions[0]?.currency ?? firstPaid?.currency ?? referral.currency;
  const churned = firstPaid !== null && subscriptions.length > 0 && live.length === 0;
  const lastEnd = subscriptions
    .map(({ endedAt, seenAt }) => endedAt ?? seenAt)
    .sort((a, b) => b.getTime() - a.getTime())[0];
  return {
    status: firstPaid === null ? 'trial' : churned ? 'churned' : 'paid',
    mrrMinor: live
      .filter((subscription) => subscription.currency === currency)
      .reduce((sum, subscription) => sum + subscription.mrrMinor, 0n),
    currency,
    convertedAt: firstPaid?.paidAt ?? null,
    churnedAt: churned ? (lastEnd ?? null) : null,
  };
}

/** By id, which is the order in which Stripe made them. */
function loadSubscriptions(
  tx: SqlTx,
  referrals: readonly Referral[],
): Promise<(StripeSubscription & { referralId: string })[]> {
  return tx.$queryRaw`
    SELECT r.id AS "referralId", s.id, s.customer_id AS "customerId", s.referred_user_id AS "referredUserId", s.status,
           s.mrr_minor AS "mrrMinor", s.currency, s.ended_at AS "endedAt", s.seen_at AS "seenAt"
    FROM ${named(referrals)}
    CROSS JOIN LATERAL (
      SELECT c.* FROM stripe_subscriptions c WHERE c.customer_id = r.customer_id
      UNION ALL SELECT u.* FROM stripe_subscriptions u WHERE u.referred_user_id = r.unbound_user_id
    ) s
    ORDER BY s.id`;
}

/** What was paid outside Stripe is a payment once staff have accepted it. */
function loadFirstPaid(tx: SqlTx, referrals: readonly Referral[]): Promise<FirstPaid[]> {
  const isPayment = Prisma.sql`(i.amount_paid_minor > 0 OR EXISTS (
    SELECT 1 FROM out_of_band_acceptances a WHERE a.invoice_id = i.id AND a.referral_id = r.id))`;
  const first = (belongs: Prisma.Sql): Prisma.Sql => Prisma.sql`
    (SELECT i.paid_at, i.currency FROM stripe_invoices i WHERE ${belongs} AND ${isPayment} ORDER BY i.paid_at LIMIT 1)`;
  return tx.$queryRaw`
    SELECT r.id AS "referralId", paid.paid_at AS "paidAt", paid.currency
    FROM ${named(referrals)}
    CROSS JOIN LATERAL (
      ${first(Prisma.sql`i.customer_id = r.customer_id`)}
      UNION ALL ${first(Prisma.sql`i.referred_user_id = r.unbound_user_id`)}
    ) paid`;
}

/** The stored facts of a referral are those of its customer or, while none is bound, those that name its user. */
function named(referrals: readonly Referral[]): Prisma.Sql {
  const customerIds = referrals.map(({ stripeCustomerId }) => stripeCustomerId);
  const userIds = referrals.map(({ stripeCustomerId, referredUserId }) => (stripeCustomerId ? null : referredUserId));
  return Prisma.sql`
    unnest(${referrals.map(({ id }) => id)}::text[], ${customerIds}::text[], ${userIds}::text[])
      AS r (id, customer_id, unbound_user_id)`;
}
