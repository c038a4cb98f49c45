import { Injectable } from '@nestjs/common';
import type { Referral } from '@prisma/client';
import type { Tx } from '../database/database.js';
import { ReferralEvents } from './referral-events.js';
import { lockReferralSubjects } from './referral-locks.js';
import { countChanges, type ReferralChange } from './stats/referral-days.js';

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

/** Statuses in which the customer no longer has the subscription. Anything else, known or not, still counts. */
const ENDED = new Set(['canceled', 'incomplete_expired']);

/**
 * Where a referral stands: `trial → paid ⇄ churned`, and its MRR. Both are worked out from the facts stored so far
 * and never from the order in which they came, so that a cancellation that overtakes its invoice does no harm.
 */
@Injectable()
export class ReferralLifecycle {
  constructor(private readonly events: ReferralEvents) {}

  /** The referral that a Stripe customer's money belongs to. The server's own binding comes first; a host's user id in
   * metadata counts only while that referral is bound to no customer, since customers can have their metadata changed. */
  async findReferral(tx: Tx, customerId: string | null, referredUserId: string | null): Promise<Referral | null> {
    if (customerId) {
      const bound = await tx.referral.findUnique({ where: { stripeCustomerId: customerId } });
      if (bound) return bound;
    }
    const userId = referredUserId ?? (customerId ? await this.findUserOf(tx, customerId) : null);
    if (!userId) return null;
    const named = await tx.referral.findUnique({ where: { referredUserId: userId } });
    if (!named || named.stripeCustomerId) return null;
    if (!customerId) return named;
    return tx.referral.update({ where: { id: named.id }, data: { stripeCustomerId: customerId } });
  }

  /** The host's user that a customer was said to be, for objects that name none themselves. */
  async findUserOf(tx: Tx, customerId: string): Promise<string | null> {
    return (await tx.stripeCustomer.findUnique({ where: { id: customerId } }))?.referredUserId ?? null;
  }

  /**
   * By what erased persons are known: Stripe goes on naming the user ids of its customers. Ask under the customers'
   * locks, and store the pseudonym instead.
   */
  async pseudonymsOf(tx: Tx, customerIds: string[]): Promise<Map<string, string>> {
    if (customerIds.length === 0) return new Map();
    const erased = await tx.stripeCustomer.findMany({ where: { id: { in: customerIds }, source: ERASED_SOURCE } });
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
    if (stored && (stored.seenAt > facts.seenAt || (ENDED.has(stored.status) && !ENDED.has(facts.status)))) return;
    await tx.stripeSubscription.upsert({ where: { id }, create: { id, ...seen }, update: seen });
    const referral = await this.findReferral(tx, facts.customerId, seen.referredUserId);
    if (referral) await this.refresh(tx, referral);
  }

  /**
   * Works out status and MRR of a referral from its stored subscriptions and paid invoices, tells what is new, and counts
   * it. Idempotent. Locks the referral's row, and last the affiliate's days (countChanges).
   */
  refresh(tx: Tx, referral: Referral): Promise<void> {
    return this.refreshAll(tx, [referral]);
  }

  /** The same for many, in the given order; their days are locked after all of them. */
  async refreshAll(tx: Tx, referrals: readonly Referral[]): Promise<void> {
    const changes: ReferralChange[] = [];
    for (const referral of referrals) changes.push(await this.workOut(tx, referral));
    await countChanges(tx, changes);
  }

  private async workOut(tx: Tx, referral: Referral): Promise<ReferralChange> {
    const subscriptions = await tx.stripeSubscription.findMany({ where: belongsTo(referral), orderBy: { id: 'asc' } });
    const firstPaid = await tx.stripeInvoice.findFirst({
      where: {
        ...belongsTo(referral),
        // What was paid outside Stripe is a payment once staff have accepted it.
        OR: [{ amountPaidMinor: { gt: 0n } }, { acceptances: { some: { referralId: referral.id } } }],
      },
      orderBy: { paidAt: 'asc' },
    });
    const live = subscriptions.filter(({ status }) => !ENDED.has(status));
    const currency = live[0]?.currency ?? subscriptions[0]?.currency ?? firstPaid?.currency ?? referral.currency;
    const churned = firstPaid !== null && subscriptions.length > 0 && live.length === 0;
    const mrrMinor = live
      .filter((subscription) => subscription.currency === currency)
      .reduce((sum, subscription) => sum + subscription.mrrMinor, 0n);
    const lastEnd = subscriptions
      .map(({ endedAt, seenAt }) => endedAt ?? seenAt)
      .sort((a, b) => b.getTime() - a.getTime())[0];
    const before = await lockReferral(tx, referral.id);
    const after = await tx.referral.update({
      where: { id: referral.id },
      data: {
        status: firstPaid === null ? 'trial' : churned ? 'churned' : 'paid',
        mrrMinor,
        currency,
        convertedAt: firstPaid?.paidAt ?? null,
        churnedAt: churned ? (lastEnd ?? null) : null,
      },
    });
    await this.events.changed(tx, before, after);
    return { referral, before, after };
  }
}

/** What became of the referral is told once, though a decision of staff may refresh it beside an event of Stripe. */
async function lockReferral(tx: Tx, id: string): Promise<Pick<Referral, 'status' | 'convertedAt'>> {
  const [locked] = await tx.$queryRaw<Pick<Referral, 'status' | 'convertedAt'>[]>`
    SELECT status, converted_at AS "convertedAt" FROM referrals WHERE id = ${id} FOR NO KEY UPDATE`;
  if (!locked) throw new Error(`there is no referral ${id}`);
  return locked;
}

/** The stored Stripe facts of a referral: those of its customer, or, while none is bound, those that name its user. */
function belongsTo(referral: Referral): { customerId: string } | { referredUserId: string } {
  return referral.stripeCustomerId
    ? { customerId: referral.stripeCustomerId }
    : { referredUserId: referral.referredUserId };
}
