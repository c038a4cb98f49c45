import { Injectable } from '@nestjs/common';
import type { Referral } from '@prisma/client';
import type { Tx } from '../database/database.js';
import type { SqlTx } from '../database/sql-transaction.js';
import { bindPayer, pseudonymsOf } from './payers.js';
import { ReferralEvents } from './referral-events.js';
import { lockReferralSubjects } from './referral-locks.js';
import { lockReferrals } from './referral-rows.js';
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

/**
 * Where a referral stands: `trial → paid ⇄ churned`, and its MRR. Both are worked out from the facts stored so far
 * and never from the order in which they came, so that a cancellation that overtakes its invoice does no harm.
 */
@Injectable()
export class ReferralLifecycle {
  constructor(private readonly events: ReferralEvents) {}

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
    return bindPayer(tx, { customerId: facts.id, referredUserId: null });
  }

  /**
   * Stores what Stripe says of a subscription now and brings the referral, if there is one, up to date. Idempotent.
   * Locks the referred user and the customer (lockReferralSubjects).
   */
  async recordSubscription(tx: Tx, facts: SubscriptionFacts): Promise<void> {
    await lockReferralSubjects(tx, { referredUserId: facts.referredUserId, stripeCustomerId: facts.customerId });
    const pseudonym = (await pseudonymsOf(tx, [facts.customerId])).get(facts.customerId);
    const { id, ...told } = facts;
    const seen = { ...told, referredUserId: pseudonym ?? facts.referredUserId };
    const stored = await tx.stripeSubscription.findUnique({ where: { id } });
    // An ended subscription never comes back, so an older answer that arrives late must not revive it.
    if (stored && (stored.seenAt > facts.seenAt || (hasEnded(stored.status) && !hasEnded(facts.status)))) return;
    await tx.stripeSubscription.upsert({ where: { id }, create: { id, ...seen }, update: seen });
    const referral = await bindPayer(tx, seen);
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
