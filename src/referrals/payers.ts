import type { Referral } from '@prisma/client';
import type { SqlTx } from '../database/sql-transaction.js';
import { loadReferralsByCustomer, loadReferralsByUser } from './referral-rows.js';

/** Whom an invoice or a subscription names. */
interface Payer {
  customerId: string | null;
  referredUserId: string | null;
}

/** The source of a customer whose person was erased: known by a pseudonym, whatever Stripe goes on to say. */
const ERASED_SOURCE = 'erasure';

/**
 * The referral that a payer's money belongs to, if there is one, and binds the customer to it from then on. The server's own
 * binding comes first; a host's user id in metadata counts only while that referral is bound to no customer, since customers
 * can have their metadata changed. The caller has locked the customer and the user (lockReferralSubjects).
 */
export async function bindPayer(tx: SqlTx, payer: Payer): Promise<Referral | null> {
  const [bound] = await bindPayers(tx, [payer]);
  return bound ?? null;
}

/** The same for many, one after the other: who is bound by one of them is bound for those that follow. */
export async function bindPayers(tx: SqlTx, payers: readonly Payer[]): Promise<(Referral | null)[]> {
  const customerIds = distinct(payers.map(({ customerId }) => customerId));
  const byCustomer = new Map<string | null, Referral>();
  for (const one of await loadReferralsByCustomer(tx, customerIds)) byCustomer.set(one.stripeCustomerId, one);
  const unbound = payers.filter(({ customerId }) => customerId === null || !byCustomer.has(customerId));
  if (unbound.length === 0) return payers.map(({ customerId }) => byCustomer.get(customerId) ?? null);

  const users = await usersOfCustomers(
    tx,
    unbound.filter(({ referredUserId }) => !referredUserId).map(({ customerId }) => customerId),
  );
  const userOf = ({ customerId, referredUserId }: Payer): string | null =>
    referredUserId ?? (customerId && users.get(customerId)) ?? null;
  const byUser = new Map<string, Referral>();
  for (const one of await loadReferralsByUser(tx, distinct(unbound.map(userOf)))) byUser.set(one.referredUserId, one);
  const bindings: Referral[] = [];
  const found = payers.map((payer) => {
    const bound = payer.customerId === null ? undefined : byCustomer.get(payer.customerId);
    if (bound) return bound;
    const named = byUser.get(userOf(payer) ?? '');
    if (!named || named.stripeCustomerId) return null;
    if (!payer.customerId) return named;
    const binding = { ...named, stripeCustomerId: payer.customerId };
    byUser.set(named.referredUserId, binding);
    byCustomer.set(payer.customerId, binding);
    bindings.push(binding);
    return binding;
  });
  await bind(tx, bindings);
  return found;
}

/** The host's users that customers were said to be, for objects that name none themselves; others are left out. */
export async function usersOfCustomers(tx: SqlTx, customerIds: (string | null)[]): Promise<Map<string, string>> {
  const ids = distinct(customerIds);
  if (ids.length === 0) return new Map();
  const customers = await tx.$queryRaw<{ id: string; referredUserId: string }[]>`
    SELECT id, referred_user_id AS "referredUserId" FROM stripe_customers WHERE id = ANY(${ids}::text[])`;
  return new Map(customers.map(({ id, referredUserId }) => [id, referredUserId]));
}

/** Those of these new referrals of whose user or customer Stripe has told something already: one query for any number. */
export async function toldOf(tx: SqlTx, referrals: readonly Referral[]): Promise<Referral[]> {
  if (referrals.length === 0) return [];
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT r.id
    FROM unnest(${referrals.map(({ id }) => id)}::text[], ${referrals.map(({ referredUserId }) => referredUserId)}::text[],
                ${referrals.map(({ stripeCustomerId }) => stripeCustomerId)}::text[]) AS r (id, user_id, customer_id)
    CROSS JOIN LATERAL (
      SELECT 1 FROM stripe_customers WHERE referred_user_id = r.user_id
      UNION ALL SELECT 1 FROM stripe_invoices WHERE referred_user_id = r.user_id
      UNION ALL SELECT 1 FROM stripe_invoices WHERE customer_id = r.customer_id
      UNION ALL SELECT 1 FROM stripe_subscriptions WHERE referred_user_id = r.user_id
      UNION ALL SELECT 1 FROM stripe_subscriptions WHERE customer_id = r.customer_id
      LIMIT 1
    ) told`;
  const told = new Set(rows.map(({ id }) => id));
  return referrals.filter(({ id }) => told.has(id));
}

/**
 * Whom the money of these referrals names: their customer or, while none is bound, the one of the user's first
 * invoice, else the one that Stripe said is this user.
 */
export async function payersOf(tx: SqlTx, referrals: readonly Referral[]): Promise<Payer[]> {
  const unbound = referrals.filter(({ stripeCustomerId }) => stripeCustomerId === null);
  const userIds = unbound.map(({ referredUserId }) => referredUserId);
  const rows = await tx.$queryRaw<{ userId: string; customerId: string | null }[]>`
    SELECT u.id AS "userId", coalesce(
      (SELECT customer_id FROM stripe_invoices WHERE referred_user_id = u.id AND customer_id IS NOT NULL ORDER BY paid_at LIMIT 1),
      (SELECT c.id FROM stripe_customers c WHERE c.referred_user_id = u.id ORDER BY c.id LIMIT 1)) AS "customerId"
    FROM unnest(${userIds}::text[]) AS u (id)`;
  const customers = new Map(rows.map(({ userId, customerId }) => [userId, customerId]));
  return referrals.map(({ referredUserId, stripeCustomerId }) => ({
    referredUserId,
    customerId: stripeCustomerId ?? customers.get(referredUserId) ?? null,
  }));
}

/**
 * By what erased persons are known: Stripe goes on naming the user ids of its customers. Ask under the customers'
 * locks, and store the pseudonym instead.
 */
export async function pseudonymsOf(tx: SqlTx, customerIds: string[]): Promise<Map<string, string>> {
  if (customerIds.length === 0) return new Map();
  const erased = await tx.$queryRaw<{ id: string; referredUserId: string }[]>`
    SELECT id, referred_user_id AS "referredUserId" FROM stripe_customers
    WHERE id = ANY(${customerIds}::text[]) AND source = ${ERASED_SOURCE}`;
  return new Map(erased.map(({ id, referredUserId }) => [id, referredUserId]));
}

function distinct(ids: (string | null)[]): string[] {
  return [...new Set(ids)].filter((id) => id !== null);
}

/** The caller has locked the customers, and who was bound to one would have been found by it. */
async function bind(tx: SqlTx, referrals: Referral[]): Promise<void> {
  if (referrals.length === 0) return;
  await tx.$executeRaw`
    UPDATE referrals r SET stripe_customer_id = b.customer_id
    FROM unnest(${referrals.map(({ id }) => id)}::text[], ${referrals.map(({ stripeCustomerId }) => stripeCustomerId)}::text[])
      AS b (id, customer_id)
    WHERE r.id = b.id`;
}
