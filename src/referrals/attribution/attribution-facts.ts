import { isId } from '../../common/ids.js';
import type { Tx } from '../../database/database.js';
import { storedCode } from '../clicks/code-directory.js';
import type { AttributionFacts } from './attribution-rule.js';
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
  affiliateId: string | null;
  affiliateUserId: string | null;
  affiliateStatus: string | null;
  affiliatePlanId: string | null;
  affiliateEmail: string | null;
  existingId: string | null;
  existingAffiliateId: string | null;
  seenAtIp: Date | null;
}

/** Reads everything the rules look at, in one query. Take lockReferralSubjects before, as a statement of its own. */
export async function readFacts(tx: Tx, signup: Signup, windowMs: number): Promise<AttributionFacts> {
  // What does not have the form of an id or a code cannot be stored, so it is not looked for.
  const clickId = signup.clickId !== null && isId('click', signup.clickId) ? signup.clickId : null;
  const code = signup.code === null ? null : storedCode(signup.code);
  const seenSince = new Date(signup.occurredAt.getTime() - windowMs);
  const [row] = await tx.$queryRaw<FactsRow[]>`
    SELECT c."code" AS "clickCode", c."occurred_at" AS "clickedAt", encode(c."ip_hash", 'hex') AS "clickIpHash",
           a."id" AS "affiliateId", a."user_id" AS "affiliateUserId", a."status" AS "affiliateStatus",
           a."plan_id" AS "affiliatePlanId", a."email_normalized" AS "affiliateEmail",
           r."id" AS "existingId", r."affiliate_id" AS "existingAffiliateId",
           (SELECT max(i."last_seen_at") FROM "affiliate_ips" i
            WHERE i."affiliate_id" = a."id" AND i."ip_hash" IN (SELECT decode(h, 'hex') FROM unnest(${signup.ipHashes ?? []}::text[]) AS h)
              AND i."last_seen_at" >= ${seenSince}) AS "seenAtIp"
    FROM (VALUES (1)) AS "one"
    LEFT JOIN "clicks" c ON c."id" = ${clickId}
    LEFT JOIN "affiliate_codes" k ON k."code" = ${code}
    LEFT JOIN "affiliates" a ON a."id" = COALESCE(c."affiliate_id", k."affiliate_id")
    LEFT JOIN "referrals" r ON r."referred_user_id" = ${signup.referredUserId}`;
  if (!row) throw new Error('a query over one row returned none');
  return toFacts(row, signup, windowMs);
}

function toFacts(row: FactsRow, signup: Signup, windowMs: number): AttributionFacts {
  const {
    clickCode,
    clickedAt,
    affiliateId,
    affiliateUserId,
    affiliateStatus,
    affiliatePlanId,
    existingId,
    existingAffiliateId,
  } = row;
  const { affiliateIpRule, clickIpRule, verdicts } = signup.screening;
  return {
    windowMs,
    affiliateIpRule,
    clickIpRule,
    screened: verdicts,
    referredUserId: signup.referredUserId,
    occurredAt: signup.occurredAt,
    clickId: signup.clickId,
    code: signup.code,
    click: clickCode && clickedAt ? { code: clickCode, occurredAt: clickedAt, ipHash: row.clickIpHash } : null,
    affiliate:
      affiliateId && affiliateUserId && affiliateStatus && affiliatePlanId
        ? {
            id: affiliateId,
            userId: affiliateUserId,
            status: affiliateStatus,
            planId: affiliatePlanId,
            emailNormalized: row.affiliateEmail,
          }
        : null,
    existingReferral: existingId && existingAffiliateId ? { id: existingId, affiliateId: existingAffiliateId } : null,
    emailNormalized: signup.emailNormalized,
    ipHashes: signup.ipHashes,
    affiliateSeenAtIp: row.seenAtIp,
  };
}
