import { Prisma, type Referral } from '@prisma/client';
import type { SqlTx } from '../database/sql-transaction.js';

/** As they are now. */
export async function loadReferrals(tx: SqlTx, ids: string[]): Promise<Referral[]> {
  return ids.length > 0 ? load(tx, Prisma.sql`id = ANY(${ids}::text[])`) : [];
}

/** The referrals that Stripe's customers are bound to. */
export async function loadReferralsByCustomer(tx: SqlTx, customerIds: string[]): Promise<Referral[]> {
  if (customerIds.length === 0) return [];
  return load(tx, Prisma.sql`stripe_customer_id = ANY(${customerIds}::text[])`);
}

/** The referrals of the host's users. */
export function loadReferralsByUser(tx: SqlTx, referredUserIds: string[]): Promise<Referral[]> {
  return load(tx, Prisma.sql`referred_user_id = ANY(${referredUserIds}::text[])`);
}

/** Locked until the transaction ends, in the order of their ids, and as they are then. */
export async function lockReferrals(tx: SqlTx, ids: string[]): Promise<Referral[]> {
  const wanted = Prisma.sql`id = ANY(${ids}::text[])`;
  return load(tx, Prisma.sql`${wanted} ORDER BY id FOR NO KEY UPDATE`);
}

/** Of many at once, in each settlement: Prisma's own reading takes several times as long. */
function load(tx: SqlTx, wanted: Prisma.Sql): Promise<Referral[]> {
  return tx.$queryRaw`
    SELECT id, affiliate_id AS "affiliateId", referred_user_id AS "referredUserId", status, click_id AS "clickId",
           promotion_code_id AS "promotionCodeId", decision_id AS "decisionId", plan_version_id AS "planVersionId",
           stripe_customer_id AS "stripeCustomerId", mrr_minor AS "mrrMinor", currency, occurred_at AS "occurredAt",
           created_at AS "createdAt", converted_at AS "convertedAt", churned_at AS "churnedAt"
    FROM referrals WHERE ${wanted}`;
}
