import { Injectable } from '@nestjs/common';
import type { Referral } from '@prisma/client';
import type { Tx } from '../database/database.js';
import type { SqlTx } from '../database/sql-transaction.js';
import { ReferralEvents } from './referral-events.js';
import { lockReferralSubjects } from './referral-locks.js';
import { loadReferralsByCustomer, loadReferralsByUser, lockReferrals } from './referral-rows.js';
import { hasEnded, standingOf } from './referral-standing.js';
import { countChanges } from './stats/referral-days.js';

/** What Stripe says of a subscription. */
export interface SubscriptionFacts {
  id: string;
  customerId: string;
  /** The host's user id from the metadata, where there is one. */
  referredUserId: string | null;
  /** Stripe's own word; may be one this version does not know. */
  status: string;
  /** Items × unit amounts, normalised to a month, before discounts and tax. */
  mrrMinor: bigint;
  currency: string;
  endedAt: Date | null;
  /** When we began to ask: of two answers the later one counts, whichever is stored first. */
  seenAt: Date;
}

/** Which of the host's users a Stripe customer is. */
export interface CustomerFacts {
  id: string;
  referredUserId: string;
  /** Where Stripe had it from: the customer's metadata, or the reference of a checkout session. */
  source: 'metadata' | 'checkout';
}

/** The source of a customer whose person was erased: known by a pseudonym, whatever Stripe goes on to say. */
const ERASED_SOURCE = 'erasure';

/**
 * Where a referral stands: `trial → paid ⇄ churned`, and its MRR. Both are worked out from the facts stored so far
 * and never from the order in which they came, so that a cancellation that overtakes its invoice does no harm.
 */
@Injectable()
export class ReferralLifecycle {
  constructor(private readonly events: ReferralEvents) {}

  /** The referral that a Stripe customer's money belongs to. The server's own binding comes first; a host's user id in
   * metadata counts only while that referral is bound to no customer, since customers can have their metadata changed. */
  async findReferral(tx: SqlTx, customerId: string | null, referredUserId: string | null): Promise<Referral | null> {
    const [found] = await this.findReferrals(tx, [{ customerId, referredUserId }]);
    return found ?? null;
  }

  /** The same for many, one after the other: who is bound by one of them is bound for those that follow. */
  async findReferrals(tx: SqlTx, payers: readonly Payer[]): Promise<(Referral | null)[]> {
    const customerIds = distinct(payers.map(({ customerId }) => customerId));
    const byCustomer = new Map<string | null, Referral>();
    for (const one of await loadReferralsByCustomer(tx, customerIds)) byCustomer.set(one.stripeCustomerId, one);
    const unbound = payers.filter(({ customerId }) => customerId === null || !byCustomer.has(customerId));
    if (unbound.length === 0) return payers.map(({ customerId }) => byCustomer.get(customerId) ?? null);

    const users = await this.usersOf(
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

  /** The host's user that a customer was said to be, for objects that name none themselves. */
  async findUserOf(tx: SqlTx, customerId: string): Promise<string | null> {
    return (await this.usersOf(tx, [customerId])).get(customerId) ?? null;
  }

  /** The same for many; customers of whom nothing was said are left out. */
  async usersOf(tx: SqlTx, customerIds: (string | null)[]): Promise<Map<string, string>> {
    const ids = distinct(customerIds);
    if (ids.length === 0) return new Map();
    const customers = await tx.$queryRaw<{ id: string; referredUserId: string }[]>`
      SELECT id, referred_user_id AS "referredUserId" FROM stripe_customers WHERE id = ANY(${ids}::text[])`;
    return new Map(customers.map(({ id, referredUserId }) => [id, referredUserId]));
  }

  /** Those of these new referrals of whose user or customer Stripe has told something already: one query for any number. */
  async toldOf(tx: SqlTx, referrals: readonly Referral[]): Promise<Referral[]> {
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
  async payersOf(tx: SqlTx, referrals: readonly Referral[]): Promise<Payer[]> {
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
  async pseudonymsOf(tx: SqlTx, customerIds: string[]): Promise<Map<string, string>> {
    if (customerIds.length === 0) return new Map();
    const erased = await tx.$queryRaw<{ id: string; referredUserId: string }[]>`
      SELECT id, referred_user_id AS "referredUserId" FROM stripe_customers
      WHERE id = ANY(${customerIds}::text[]) AND source = ${ERASED_SOURCE}`;
    return new Map(erased.map(({ id, referredUserId }) => [id, referredUserId]));
  }

  /**
   * Stores who a customer is. The first word counts, and metadata, which only the host writes, more than what a
   * checkout page was opened with. Idempotent. Locks the customer and the user (lockReferralSubjects).
   *
   * @returns the referral that the customer is bound to now, if there is one.
   */
  async recordCustomer(tx: Tx, facts: CustomerFacts, receivedAt: Date): Promise<Referral | null> {
    await lockReferralSubjects(tx, { referredUserId: facts.referredUserId, stripeCustomerId: facts.id });
    const known = await tx.stripeCustomer.findUnique({ where: { id: facts.id } });
    if (!known) await tx.stripeCustomer.create({ data: { ...facts, receivedAt } });
    else if (known.source === 'checkout' && facts.source === 'metadata') {
      await tx.stripeCustomer.update({ where: { id: facts.id }, data: { ...facts, receivedAt } });
    }
    return this.findReferral(tx, facts.id, null);
  }

  /**
   * Stores what Stripe says of a subscription now and brings the referral, if there is one, up to date. Idempotent.
   * Locks the referred user and the customer (lockReferralSubjects).
   */
  async recordSubscription(tx: Tx, facts: SubscriptionFacts): Promise<void> {
    await lockReferralSubjects(tx, { referredUserId: facts.referredUserId, stripeCustomerId: facts.customerId });
    const pseudonym = (await this.pseudonymsOf(tx, [facts.customerId])).get(facts.customerId);
    const { id, ...told } = facts;
    const seen = { ...told, referredUserId: pseudonym ?? facts.referredUserId };
    const stored = await tx.stripeSubscription.findUnique({ where: { id } });
    // An ended subscription never comes back, so an older answer that arrives late must not revive it.
    if (stored && (stored.seenAt > facts.seenAt || (hasEnded(stored.status) && !hasEnded(facts.status)))) return;
    await tx.stripeSubscription.upsert({ where: { id }, create: { id, ...seen }, update: seen });
    const referral = await this.findReferral(tx, facts.customerId, seen.referredUserId);
    if (referral) await this.refresh(tx, referral);
  }

  /**
   * Works out status and MRR of a referral from its stored subscriptions and paid invoices, tells what is new, and counts
   * it. Idempotent. Locks the referral's row, and last the affiliate's days (countChanges).
   */
  refresh(tx: SqlTx, referral: Referral): Promise<void> {
    return this.refreshAll(tx, [referral]);
  }

  /**
   * The same for many, each once, set-based. Locks the rows of those that stand elsewhere than they were read, in the order of
   * their ids, and their days after all of them. Most customers only go on paying: theirs stay as they are.
   */
  async refreshAll(tx: SqlTx, referrals: readonly Referral[]): Promise<void> {
    const standing = await standingOf(tx, referrals);
    const moved = referrals.filter((referral) =>
      isNew({ before: referral, after: { ...referral, ...standing(referral) } }),
    );
    if (moved.length === 0) return;
    // What became of a referral is told once, though a decision of staff may refresh it beside an event of Stripe.
    const locked = await lockReferrals(
      tx,
      moved.map(({ id }) => id),
    );
    const rows = new Map(locked.map((row) => [row.id, row]));
    const changes = moved.map((referral) => {
      const before = rows.get(referral.id);
      if (!before) throw new Error(`there is no referral ${referral.id}`);
      return { referral, before, after: { ...before, ...standing(referral) } };
    });
    await writeStandings(
      tx,
      changes.filter(isNew).map(({ after }) => after),
    );
    await this.events.changed(tx, changes);
    await countChanges(tx, changes);
  }
}

/** Whom an invoice or a subscription names. */
interface Payer {
  customerId: string | null;
  referredUserId: string | null;
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

function isNew({ before, after }: { before: Referral; after: Referral }): boolean {
  return (
    before.status !== after.status ||
    before.mrrMinor !== after.mrrMinor ||
    before.currency !== after.currency ||
    before.convertedAt?.getTime() !== after.convertedAt?.getTime() ||
    before.churnedAt?.getTime() !== after.churnedAt?.getTime()
  );
}

async function writeStandings(tx: SqlTx, referrals: Referral[]): Promise<void> {
  if (referrals.length === 0) return;
  await tx.$executeRaw`
    UPDATE referrals r SET status = n.status, mrr_minor = n.mrr_minor, currency = n.currency, converted_at = n.converted_at,
                           churned_at = n.churned_at
    FROM unnest(${referrals.map(({ id }) => id)}::text[], ${referrals.map(({ status }) => status)}::text[],
                ${referrals.map(({ mrrMinor }) => mrrMinor)}::bigint[], ${referrals.map(({ currency }) => currency)}::text[],
                ${referrals.map(({ convertedAt }) => convertedAt)}::timestamptz[],
                ${referrals.map(({ churnedAt }) => churnedAt)}::timestamptz[])
      AS n (id, status, mrr_minor, currency, converted_at, churned_at)
    WHERE r.id = n.id`;
}
