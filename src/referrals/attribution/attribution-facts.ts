import { Prisma } from '@prisma/client';
import { isId, timeOfId } from '../../common/ids.js';
import type { Config } from '../../config/config.js';
import type { Tx } from '../../database/database.js';
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

interface FactsRow {
  clickCode: string | null;
  clickedAt: Date | null;
  clickIpHash: string | null;
  affiliate: AffiliateRow | null;
  existingId: string | null;
  existingAffiliateId: string | null;
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

/**
 * Reads everything the rules look at, in one query: of the link that the host reported, and of a promotion code that the
 * user has redeemed. Take lockReferralSubjects before, as a statement of its own.
 */
export async function readFacts(
  tx: Tx,
  signup: Signup,
  { attributionWindowMs: windowMs, attributionPrecedence: precedence }: Config,
): Promise<SignupFacts> {
  // What does not have the form of an id or a code cannot be stored, so it is not looked for.
  const clickId = signup.clickId !== null && isId('click', signup.clickId) ? signup.clickId : null;
  const code = signup.code === null ? null : storedCode(signup.code);
  const seenSince = new Date(signup.occurredAt.getTime() - windowMs);
  const { referredUserId, stripeCustomerId, ipHashes } = signup;
  const affiliateJson = (alias: Prisma.Sql): Prisma.Sql => Prisma.sql`
    CASE WHEN ${alias}."id" IS NOT NULL THEN json_build_object('id', ${alias}."id", 'userId', ${alias}."user_id",
      'status', ${alias}."status", 'planId', ${alias}."plan_id", 'emailNormalized', ${alias}."email_normalized",
      'seenAtIp', (SELECT max(i."last_seen_at") FROM "affiliate_ips" i
        WHERE i."affiliate_id" = ${alias}."id" AND i."last_seen_at" >= ${seenSince}
          AND i."ip_hash" IN (SELECT decode(h, 'hex') FROM unnest(${ipHashes ?? []}::text[]) AS h))) END`;
  const [row] = await tx.$queryRaw<FactsRow[]>`
    SELECT c."code" AS "clickCode", c."occurred_at" AS "clickedAt", encode(c."ip_hash", 'hex') AS "clickIpHash",
           ${affiliateJson(Prisma.sql`a`)} AS "affiliate",
           r."id" AS "existingId", r."affiliate_id" AS "existingAffiliateId",
           p."promotionCodeId", p."promotionCode", p."customerId", p."redeemedAt",
           ${affiliateJson(Prisma.sql`pa`)} AS "promotionAffiliate"
    FROM (VALUES (1)) AS "one"
    LEFT JOIN "clicks" c ON c."id" = ${clickId}
    LEFT JOIN "affiliate_codes" k ON k."code" = ${code}
    LEFT JOIN "affiliates" a ON a."id" = COALESCE(c."affiliate_id", k."affiliate_id")
    LEFT JOIN "referrals" r ON r."referred_user_id" = ${referredUserId}
    LEFT JOIN LATERAL (
      SELECT m."id" AS "promotionCodeId", m."code" AS "promotionCode", x."customer_id" AS "customerId",
             x."redeemed_at" AS "redeemedAt", m."affiliate_id"
      FROM (
        SELECT * FROM "promotion_redemptions" WHERE "customer_id" = ${stripeCustomerId}
        UNION SELECT * FROM "promotion_redemptions" WHERE "referred_user_id" = ${referredUserId}
        UNION SELECT own.* FROM "stripe_customers" s JOIN "promotion_redemptions" own ON own."customer_id" = s."id"
              WHERE s."referred_user_id" = ${referredUserId}
      ) x JOIN "promotion_codes" m ON m."id" = x."promotion_code_id"
      WHERE x."decided_at" IS NULL
      ORDER BY x."redeemed_at", m."id" LIMIT 1
    ) p ON TRUE
    LEFT JOIN "affiliates" pa ON pa."id" = p."affiliate_id"`;
  if (!row) throw new Error('a query over one row returned none');
  const shared = sharedFacts(row, signup, windowMs);
  const { existingReferral } = shared;
  const removedClickAt = clickId !== null && row.clickCode === null ? await findRemoved(tx, clickId) : null;
  const link = linkFacts(shared, { ...row, removedClickAt }, signup);
  return { precedence, existingReferral, link, promotion: promotionFacts(shared, row) };
}

/**
 * When a click was whose month was removed since. It must not be taken for one that was never stored, which the code may
 * stand in for: it is older than any window.
 */
async function findRemoved(tx: Tx, clickId: string): Promise<Date | null> {
  const clickedAt = timeOfId('click', clickId);
  const month = { subjectType: CLICK_MONTH, subjectId: clickMonthName(monthStart(clickedAt, 0)) };
  return (await tx.auditLog.findFirst({ where: month, select: { id: true } })) && clickedAt;
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
