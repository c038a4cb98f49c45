import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { firstIdAt } from '../common/ids.js';
import { replaceNames } from '../common/replace-names.js';
import type { Tx } from '../database/database.js';
import { planByIndex } from '../database/plan-by-index.js';
import type { RuleVerdict } from './attribution/attribution-rule.js';
import { countClicks } from './clicks/count-clicks.js';
import { MASKED_EMAIL } from './masking.js';
import { lockReferralSubjects } from './referral-locks.js';

/** What was found of a referred user, for whoever must search for it elsewhere. */
export interface FormerReferredUser {
  referralId: string | null;
  /** Their customers at Stripe: known under the pseudonym from now on. */
  customerIds: string[];
  /** What those customers, and the user, paid with. */
  paymentIds: string[];
}

/** How many clicks are looked at in one statement. */
const CLICKS_AT_ONCE = 10_000;
/** A click's id may be a little older than the affiliate's row: clocks differ. */
const CLOCK_LEEWAY_MS = 24 * 60 * 60 * 1000;

/** Erases who a referred user is, and what is known of their visits. The referral and what it earned stay. */
@Injectable()
export class ReferralErasure {
  constructor(private readonly clock: Clock) {}

  /**
   * Puts the pseudonym in place of the user id in the referral, the decisions and the facts of Stripe, binds the
   * person's customers at Stripe to it (what Stripe tells of them later still finds its referral), and empties the
   * clicks they came by. Moves no money. Locks the user and their customers (lockReferralSubjects).
   */
  async erase(tx: Tx, userId: string, pseudonym: string): Promise<FormerReferredUser> {
    await lockReferralSubjects(tx, { referredUserId: userId });
    const customerIds = await findCustomers(tx, userId);
    await lockReferralSubjects(tx, ...customerIds.map((stripeCustomerId) => ({ stripeCustomerId })));
    const referral = await tx.referral.findUnique({ where: { referredUserId: userId } });
    await this.eraseVisits(tx, userId, referral?.clickId ?? null);
    await this.eraseDecisions(tx, userId, pseudonym);
    const paymentIds = await findPayments(tx, userId, customerIds);
    const rename = { where: { referredUserId: userId }, data: { referredUserId: pseudonym } };
    await tx.referral.updateMany(rename);
    await tx.stripeInvoice.updateMany(rename);
    await tx.promotionRedemption.updateMany(rename);
    await tx.stripeSubscription.updateMany(rename);
    await tx.stripeCustomer.updateMany({ where: rename.where, data: { ...rename.data, source: 'erasure' } });
    await tx.$executeRaw`
      INSERT INTO "stripe_customers" ("id", "referred_user_id", "source", "received_at")
      SELECT "id", ${pseudonym}, 'erasure', ${this.clock.now()} FROM unnest(${customerIds}::text[]) AS "c" ("id")
      ON CONFLICT ("id") DO UPDATE SET "referred_user_id" = EXCLUDED."referred_user_id", "source" = 'erasure'`;
    return { referralId: referral?.id ?? null, customerIds, paymentIds };
  }

  /**
   * Forgets under which addresses an affiliate's own browser was seen, and the notes it put on its links; takes its
   * promotion codes away, whose letters may be its name.
   * @returns those letters, for whoever must search for them elsewhere.
   */
  async eraseTraces(tx: Tx, affiliateId: string): Promise<{ promotionCodes: string[] }> {
    await tx.affiliateIp.deleteMany({ where: { affiliateId } });
    await tx.clickSubId.deleteMany({ where: { affiliateId } });
    const codes = await tx.promotionCode.findMany({ where: { affiliateId } });
    await tx.$executeRaw`
      UPDATE "promotion_codes" SET "code" = "stripe_promotion_code_id", "removed_at" = coalesce("removed_at", ${this.clock.now()})
      WHERE "affiliate_id" = ${affiliateId}`;
    const letters = codes.flatMap(({ code, stripePromotionCodeId }) => (code === stripePromotionCodeId ? [] : [code]));
    return { promotionCodes: [...new Set(letters)] };
  }

  /**
   * Puts an affiliate's new code in place of retired ones in its clicks, some at a time.
   * @param after the last click of the time before.
   * @returns the last click that was looked at, null at the end.
   */
  async eraseCodesOfClicks(
    tx: Tx,
    affiliate: { id: string; codes: string[]; code: string; createdAt: Date },
    after: string | null,
  ): Promise<string | null> {
    await planByIndex(tx);
    const from = after ?? firstIdAt('click', new Date(affiliate.createdAt.getTime() - CLOCK_LEEWAY_MS));
    const [{ last } = { last: null }] = await tx.$queryRaw<{ last: string | null }[]>`
      SELECT max("id") AS "last" FROM (SELECT "id" FROM "clicks" WHERE "id" > ${from} ORDER BY "id" LIMIT ${CLICKS_AT_ONCE}) AS "next"`;
    if (last === null) return null;
    // The page's address, where there is one, may hold the code as well, and the note is the affiliate's own.
    await tx.$executeRaw`
      UPDATE "clicks" SET "code" = ${affiliate.code}, "url" = NULL, "sub_id" = NULL
      WHERE "id" > ${from} AND "id" <= ${last} AND "affiliate_id" = ${affiliate.id} AND "code" = ANY (${affiliate.codes}::text[])`;
    return last;
  }

  /** The clicks that the person's signups named; others cannot be told from those of strangers. */
  private async eraseVisits(tx: Tx, userId: string, clickId: string | null): Promise<void> {
    const decisions = await tx.attributionDecision.findMany({
      where: { referredUserId: userId, clickId: { not: null } },
      select: { clickId: true },
    });
    const clickIds = [clickId, ...decisions.map((decision) => decision.clickId)];
    // First, as clicks are written too (insertClicks). A note that nobody else came by goes, since it may name the person.
    await tx.$executeRaw`
      UPDATE "click_sub_ids" AS s SET "clicks" = s."clicks" - c."clicks"
      FROM (
        SELECT "affiliate_id", "sub_id", count(*) AS "clicks" FROM "clicks"
        WHERE "id" = ANY (${clickIds}::text[]) AND "sub_id" IS NOT NULL GROUP BY 1, 2
      ) AS c
      WHERE s."affiliate_id" = c."affiliate_id" AND s."sub_id" = c."sub_id"`;
    await tx.$executeRaw`
      DELETE FROM "click_sub_ids" AS s USING "clicks" AS c
      WHERE c."id" = ANY (${clickIds}::text[]) AND s."affiliate_id" = c."affiliate_id" AND s."sub_id" = c."sub_id"
        AND s."clicks" <= 0`;
    // So that there is a mark, and nothing else that holds it.
    await countClicks(tx);
    // What made the visitor that day's unique one is worked out from the click itself (IpHasher.hashVisitor), and replaced
    // by the mark of a click that nobody can be told by: it goes on counting. A click of the day on which the key was
    // replaced may leave its mark, which nothing leads back to.
    await tx.$executeRaw`
      UPDATE "click_visitors" AS v SET "visitor_hash" = substring(sha256(convert_to(c."id", 'UTF8')) FOR 16)
      FROM "clicks" AS c
      WHERE c."id" = ANY (${clickIds}::text[]) AND v."affiliate_id" = c."affiliate_id"
        AND v."day" = (c."occurred_at" AT TIME ZONE 'UTC')::date
        AND v."visitor_hash" = substring(sha256(convert_to(encode(c."ip_hash", 'hex') || E'\n' || coalesce(c."user_agent", ''), 'UTF8')) FOR 16)`;
    await tx.$executeRaw`
      UPDATE "clicks" SET "url" = NULL, "referrer" = NULL, "user_agent" = NULL, "sub_id" = NULL, "ip_hash" = NULL
      WHERE "id" = ANY (${clickIds}::text[])`;
  }

  /** The trace stays: which rules were asked, what they found, and why, without the user's id and masked address. */
  private async eraseDecisions(tx: Tx, userId: string, pseudonym: string): Promise<void> {
    const decisions = await tx.attributionDecision.findMany({ where: { referredUserId: userId } });
    const names = new Map([[userId, pseudonym]]);
    for (const { id, inputs, rules } of decisions) {
      const verdicts = replaceNames(rules as unknown as RuleVerdict[], names);
      await tx.attributionDecision.update({
        where: { id },
        data: {
          referredUserId: pseudonym,
          inputs: { ...(inputs as object), email: null },
          rules: verdicts.map((verdict) => ({ ...withoutMasked(verdict) })),
        },
      });
    }
  }
}

function withoutMasked(verdict: RuleVerdict): RuleVerdict {
  const { evidence, sentence } = verdict;
  return {
    ...verdict,
    evidence: 'email' in evidence ? { ...evidence, email: null } : evidence,
    sentence: sentence.replace(MASKED_EMAIL, '[erased]'),
  };
}

/**
 * The person's customers at Stripe: the one that the referral is bound to, and those that Stripe's facts name with the
 * user id, unless the server's own binding or an earlier word says that they are somebody else's.
 */
async function findCustomers(tx: Tx, userId: string): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    WITH "named" AS (
      SELECT "customer_id" AS "id" FROM "stripe_invoices" WHERE "referred_user_id" = ${userId} AND "customer_id" IS NOT NULL
      UNION SELECT "customer_id" FROM "stripe_subscriptions" WHERE "referred_user_id" = ${userId}
      UNION SELECT "customer_id" FROM "promotion_redemptions" WHERE "referred_user_id" = ${userId}
    )
    SELECT "stripe_customer_id" AS "id" FROM "referrals" WHERE "referred_user_id" = ${userId} AND "stripe_customer_id" IS NOT NULL
    UNION
    SELECT "id" FROM "stripe_customers" WHERE "referred_user_id" = ${userId}
    UNION
    SELECT n."id" FROM "named" n
    WHERE NOT EXISTS (SELECT 1 FROM "stripe_customers" c WHERE c."id" = n."id" AND c."referred_user_id" <> ${userId})
      AND NOT EXISTS (SELECT 1 FROM "referrals" r WHERE r."stripe_customer_id" = n."id" AND r."referred_user_id" <> ${userId})
    ORDER BY 1`;
  return rows.map(({ id }) => id);
}

async function findPayments(tx: Tx, userId: string, customerIds: string[]): Promise<string[]> {
  const rows = await tx.$queryRaw<{ paymentId: string }[]>`
    SELECT DISTINCT p."payment_id" AS "paymentId"
    FROM "stripe_invoices" i JOIN "stripe_invoice_payments" p ON p."invoice_id" = i."id"
    WHERE i."referred_user_id" = ${userId} OR i."customer_id" = ANY (${customerIds}::text[])`;
  return rows.map(({ paymentId }) => paymentId);
}
