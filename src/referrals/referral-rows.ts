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

/**
 * The next referrals by id for which anything was paid or earned: their customer's invoices, while none is bound those that
 * name their user, and what they have earned. Looked up one by one: for an EXISTS the planner would read all invoices first.
 */
export function loadPayingReferralsAfter(tx: SqlTx, id: string, limit: number): Promise<Referral[]> {
  const isPaying = Prisma.sql`coalesce(
    (SELECT TRUE FROM stripe_invoices i WHERE i.customer_id = r.stripe_customer_id LIMIT 1),
    (SELECT TRUE FROM stripe_invoices i WHERE r.stripe_customer_id IS NULL AND i.referred_user_id = r.referred_user_id LIMIT 1),
    (SELECT TRUE FROM commissions c WHERE c.referral_id = r.id LIMIT 1),
    FALSE)`;
  return load(tx, Prisma.sql`id > ${id} AND ${isPaying} ORDER BY id LIMIT ${limit}`);
}

/** Locked until the transaction ends, in the order of their ids, and as they are then. */
export async function lockReferrals(tx: SqlTx, ids: string[]): Promise<Referral[]> {
  const wanted = Prisma.sql`id = ANY(${ids}::text[])`;
  return load(tx, Prisma.sql`${wanted} ORDER BY id FOR NO KEY UPDATE`);
}

/** Which referrals a list is about. */
interface ReferralRange {
  affiliateId?: string;
  status?: string;
  currency?: string;
  /** The first id. */
  from?: string;
  /** The one behind the last id. */
  to?: string;
}

/**
 * The newest referrals that fit. A status is asked for as a range, and is part of the order: otherwise a planner that takes it
 * for a common one walks through all referrals from the newest on, however old those are that have it.
 */
export function loadNewestReferrals(tx: SqlTx, range: ReferralRange, limit: number): Promise<Referral[]> {
  const { affiliateId, status, currency, from, to } = range;
  const key = status === undefined ? Prisma.sql`id` : Prisma.sql`(status, id)`;
  const at = (id: string): Prisma.Sql => (status === undefined ? Prisma.sql`${id}` : Prisma.sql`(${status}, ${id})`);
  const wanted = [
    ...(affiliateId === undefined ? [] : [Prisma.sql`affiliate_id = ${affiliateId}`]),
    ...(status === undefined ? [] : [Prisma.sql`status >= ${status} AND status <= ${status}`]),
    ...(currency === undefined ? [] : [Prisma.sql`currency = ${currency}`]),
    ...(from === undefined ? [] : [Prisma.sql`${key} >= ${at(from)}`]),
    ...(to === undefined ? [] : [Prisma.sql`${key} < ${at(to)}`]),
    Prisma.sql`TRUE`,
  ];
  const order = status === undefined ? Prisma.sql`id DESC` : Prisma.sql`status DESC, id DESC`;
  return load(tx, Prisma.sql`${Prisma.join(wanted, ' AND ')} ORDER BY ${order} LIMIT ${limit}`);
}

/** Of many at once, in each settlement: Prisma's own reading takes several times as long. */
function load(tx: SqlTx, wanted: Prisma.Sql): Promise<Referral[]> {
  return tx.$queryRaw`
    SELECT id, affiliate_id AS "affiliateId", referred_user_id AS "referredUserId", status, click_id AS "clickId",
           promotion_code_id AS "promotionCodeId", decision_id AS "decisionId", plan_version_id AS "planVersionId",
           stripe_customer_id AS "stripeCustomerId", mrr_minor AS "mrrMinor", currency, occurred_at AS "occurredAt",
           created_at AS "createdAt", converted_at AS "convertedAt", churned_at AS "churnedAt"
    FROM referrals r WHERE ${wanted}`;
}
