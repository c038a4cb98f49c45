import { Prisma } from '@prisma/client';
import { isId, timeOfId } from '../../common/ids.js';
import type { Config } from '../../config/config.js';
import type { SqlTx } from '../../database/sql-transaction.js';
import { planVersionIdInForce } from '../../affiliates/plans/plan-versions.js';
import { CLICK_MONTH, clickMonthName, monthStart } from '../clicks/click-months.js';
import { storedCode } from '../clicks/code-directory.js';
import type { AttributionFacts, SignupFacts } from './attribution-rule.js';
import type { Screening } from './signup-screening.js';

/** A signup as it is judged: normalised, its address hashed. */
export interface Signup {
  referredUserId: string;
  clickId: string | null;
  code: string | null;
  emailNormalized: string | null;
  ipHashes: string[] | null;
  stripeCustomerId: string | null;
  occurredAt: Date;
  screening: Screening;
}

/** A signup with what was found of it. */
export interface FoundSignup extends SignupFacts {
  signup: Signup;
  /** The Stripe customer that the host reported is bound to a referral already. */
  isCustomerTaken: boolean;
}

interface FactsRow {
  clickCode: string | null;
  clickedAt: Date | null;
  clickIpHash: string | null;
  affiliate: AffiliateRow | null;
  existingId: string | null;
  existingAffiliateId: string | null;
  isCustomerTaken: boolean;
  promotionCodeId: string | null;
  promotionCode: string | null;
  customerId: string | null;
  redeemedAt: Date | null;
  promotionAffiliate: AffiliateRow | null;
}

/** As JSON, so that the same columns can be read of two affiliates. */
interface AffiliateRow extends NonNullable<AttributionFacts['affiliate']> {
  seenAtIp: string | null;
}

/** Between the hashes of one signup: an array of arrays could not have rows of different lengths. */
const HASH_SEPARATOR = ',';

/**
 * Reads everything the rules look at, in one query for any number of signups: of the link that the host reported, and of
 * a promotion code that the user has redeemed. Lock their subjects before (lockReferralSubjects), in a statement of its own.
 *
 * @returns the facts in the order of the signups.
 */
export async function readFacts(
  tx: SqlTx,
  signups: readonly Signup[],
  { attributionWindowMs: windowMs, attributionPrecedence: precedence }: Config,
): Promise<FoundSignup[]> {
  if (signups.length === 0) return [];
  const rows = await selectFacts(tx, signups, windowMs);
  const unstored = signups.flatMap((signup, index) =>
    rows[index]?.clickCode === null ? (lookedFor(signup) ?? []) : [],
  );
  const removed = await findRemoved(tx, unstored);
  return signups.map((signup, index) => {
    const row = rows[index];
    if (!row) throw new Error('fewer facts were read than there are signups');
    const shared = sharedFacts(row, signup, windowMs);
    const { existingReferral } = shared;
    const removedClickAt = row.clickCode === null ? (removed.get(signup.clickId ?? '') ?? null) : null;
    const link = linkFacts(shared, { ...row, removedClickAt }, signup);
    const { isCustomerTaken } = row;
    return { signup, precedence, existingReferral, isCustomerTaken, link, promotion: promotionFacts(shared, row) };
  });
}

/** What does not have the form of an id cannot be stored, so it is not looked for. */
function lookedFor({ clickId }: Signup): string | null {
  return clickId !== null && isId('click', clickId) ? clickId : null;
}

/** Each look-up in a LATERAL of its own: planned for any number, it must never read a table as a whole. */
function selectFacts(tx: SqlTx, signups: readonly Signup[], windowMs: number): Promise<FactsRow[]> {
  const affiliateJson = (alias: Prisma.Sql, at: Prisma.Sql): Prisma.Sql => Prisma.sql`
    CASE WHEN ${alias}."id" IS NOT NULL THEN json_build_object('id', ${alias}."id", 'userId', ${alias}."user_id",
      'status', ${alias}."status", 'emailNormalized', ${alias}."email_normalized", 'planId', ${alias}."plan_id",
      'planVersionId', ${planVersionIdInForce(Prisma.sql`${alias}."plan_id"`, at)},
      'seenAtIp', (SELECT max(i."last_seen_at") FROM "affiliate_ips" i
        WHERE i."affiliate_id" = ${alias}."id" AND i."last_seen_at" >= s."seen_since"
          AND i."ip_hash" IN (SELECT decode(h, 'hex') FROM unnest(string_to_array(s."ip_hashes", ${HASH_SEPARATOR})) AS h))) END`;
  return tx.$queryRaw`
    SELECT c."code" AS "clickCode", c."occurred_at" AS "clickedAt", encode(c."ip_hash", 'hex') AS "clickIpHash",
           ${affiliateJson(Prisma.sql`a`, Prisma.sql`s."occurred_at"`)} AS "affiliate",
           r."id" AS "existingId", r."affiliate_id" AS "existingAffiliateId", taken."id" IS NOT NULL AS "isCustomerTaken",
           p."promotionCodeId", p."promotionCode", p."customerId", p."redeemedAt",
           ${affiliateJson(Prisma.sql`pa`, Prisma.sql`p."redeemedAt"`)} AS "promotionAffiliate"
    FROM unnest(
        ${signups.map(({ referredUserId }) => referredUserId)}::text[], ${signups.map(lookedFor)}::text[],
        ${signups.map(({ code }) => (code === null ? null : storedCode(code)))}::text[],
        ${signups.map(({ stripeCustomerId }) => stripeCustomerId)}::text[],
        ${signups.map(({ occurredAt }) => occurredAt)}::timestamptz[],
        ${signups.map(({ occurredAt }) => new Date(occurredAt.getTime() - windowMs))}::timestamptz[],
        ${signups.map(({ ipHashes }) => ipHashes?.join(HASH_SEPARATOR) ?? null)}::text[])
      WITH ORDINALITY AS s ("user_id", "click_id", "code", "customer_id", "occurred_at", "seen_since", "ip_hashes", "place")
    LEFT JOIN LATERAL (SELECT * FROM "clicks" WHERE "id" = s."click_id" LIMIT 1) c ON TRUE
    LEFT JOIN LATERAL (SELECT * FROM "affiliate_codes" WHERE "code" = s."code" LIMIT 1) k ON TRUE
    LEFT JOIN LATERAL (
      SELECT * FROM "affiliates" WHERE "id" = COALESCE(c."affiliate_id", k."affiliate_id") LIMIT 1
    ) a ON TRUE
    LEFT JOIN LATERAL (SELECT * FROM "referrals" WHERE "referred_user_id" = s."user_id" LIMIT 1) r ON TRUE
    LEFT JOIN LATERAL (SELECT "id" FROM "referrals" WHERE "stripe_customer_id" = s."customer_id" LIMIT 1) taken ON TRUE
    LEFT JOIN LATERAL (
      SELECT m."id" AS "promotionCodeId", m."code" AS "promotionCode", x."customer_id" AS "customerId",
             x."redeemed_at" AS "redeemedAt", m."affiliate_id"
      FROM (
        SELECT * FROM "promotion_redemptions" WHERE "customer_id" = s."customer_id"
        UNION SELECT * FROM "promotion_redemptions" WHERE "referred_user_id" = s."user_id"
        UNION SELECT own.* FROM "stripe_customers" u JOIN "promotion_redemptions" own ON own."customer_id" = u."id"
              WHERE u."referred_user_id" = s."user_id"
      ) x JOIN "promotion_codes" m ON m."id" = x."promotion_code_id"
      WHERE x."decided_at" IS NULL
      ORDER BY x."redeemed_at", m."id" LIMIT 1
    ) p ON TRUE
    LEFT JOIN LATERAL (SELECT * FROM "affiliates" WHERE "id" = p."affiliate_id" LIMIT 1) pa ON TRUE
    ORDER BY s."place"`;
}

/**
 * When clicks were whose months were removed since. They must not be taken for such as were never stored, which the code
 * may stand in for: they are older than any window.
 */
async function findRemoved(tx: SqlTx, clickIds: string[]): Promise<Map<string, Date>> {
  if (clickIds.length === 0) return new Map();
  const clicks = clickIds.map((clickId) => ({ clickId, clickedAt: timeOfId('click', clickId) }));
  const monthOf = (clickedAt: Date): string => clickMonthName(monthStart(clickedAt, 0));
  const rows = await tx.$queryRaw<{ month: string }[]>`
    SELECT DISTINCT "subject_id" AS "month" FROM "audit_log"
    WHERE "subject_type" = ${CLICK_MONTH} AND "subject_id" = ANY(${clicks.map(({ clickedAt }) => monthOf(clickedAt))}::text[])`;
  const months = new Set(rows.map(({ month }) => month));
  return new Map(
    clicks.flatMap(({ clickId, clickedAt }) => (months.has(monthOf(clickedAt)) ? [[clickId, clickedAt]] : [])),
  );
}

type SharedFacts = Omit<
  AttributionFacts,
  'promotion' | 'clickId' | 'code' | 'click' | 'removedClickAt' | 'affiliate' | 'affiliateSeenAtIp'
>;

function sharedFacts({ existingId, existingAffiliateId }: FactsRow, signup: Signup, windowMs: number): SharedFacts {
  const { affiliateIpRule, clickIpRule, verdicts } = signup.screening;
  return {
    windowMs,
    affiliateIpRule,
    clickIpRule,
    screened: verdicts,
    referredUserId: signup.referredUserId,
    occurredAt: signup.occurredAt,
    existingReferral: existingId && existingAffiliateId ? { id: existingId, affiliateId: existingAffiliateId } : null,
    emailNormalized: signup.emailNormalized,
    ipHashes: signup.ipHashes,
  };
}

function linkFacts(
  shared: SharedFacts,
  { clickCode, clickedAt, clickIpHash, removedClickAt, affiliate }: FactsRow & Pick<AttributionFacts, 'removedClickAt'>,
  { clickId, code }: Signup,
): AttributionFacts | null {
  if (clickId === null && code === null) return null;
  return {
    ...shared,
    promotion: null,
    clickId,
    code,
    click: clickCode && clickedAt ? { code: clickCode, occurredAt: clickedAt, ipHash: clickIpHash } : null,
    removedClickAt,
    affiliate,
    affiliateSeenAtIp: affiliate?.seenAtIp ? new Date(affiliate.seenAtIp) : null,
  };
}

function promotionFacts(
  shared: SharedFacts,
  { promotionCodeId, promotionCode, customerId, redeemedAt, promotionAffiliate }: FactsRow,
): AttributionFacts | null {
  if (!promotionCodeId || !promotionCode || !customerId || !redeemedAt) return null;
  return {
    ...shared,
    promotion: { promotionCodeId, code: promotionCode, customerId, redeemedAt },
    clickId: null,
    code: null,
    click: null,
    removedClickAt: null,
    affiliate: promotionAffiliate,
    affiliateSeenAtIp: promotionAffiliate?.seenAtIp ? new Date(promotionAffiliate.seenAtIp) : null,
  };
}
