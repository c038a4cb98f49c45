import { Prisma } from '@prisma/client';
import { ASKING_MODES, detectionRule, doublings, inScope } from './fraud-rule.js';

interface Evidence {
  referrals: number;
  uniqueClicks: number;
  /** Null without any click. */
  rateBps: number | null;
  maxRateBps: number;
}

type ThresholdName = 'maxRateBps' | 'minUniqueClicks' | 'minReferrals' | 'moreThanClicksFromReferrals';

/**
 * Visitors who sign up are few. Where nearly every one does, somebody signs up by themselves; where more sign up than
 * ever clicked, the code is used without the link.
 */
export const conversionRate = detectionRule<Evidence, ThresholdName>({
  description: "Too many of the affiliate's visitors sign up, or more sign up than ever clicked.",
  question: 'Far more of the visitors sign up than usual: are these signups real customers?',
  modes: ASKING_MODES,
  defaultMode: 'hold',
  thresholds: {
    maxRateBps: { default: 3000, min: 1, max: 10_000, meaning: 'Referrals per unique click above which it asks.' },
    minUniqueClicks: { default: 20, min: 1, max: 1_000_000, meaning: 'Unique clicks from which the rate counts.' },
    minReferrals: { default: 10, min: 1, max: 1_000_000, meaning: 'Referrals from which the rate counts, too.' },
    moreThanClicksFromReferrals: {
      default: 10,
      min: 1,
      max: 1_000_000,
      meaning: 'Referrals from which having more of them than clicks is enough, whatever the rate.',
    },
  },
  news: ['signup'],
  beforeRun: true,
  // Only those with enough referrals to be hit are asked for their clicks: years of days are summed up for few. Whoever
  // came by a promotion code had no link to click. Clicks only ever get more, so only those whom the counted ones do not
  // clear are asked for the ones that are still to be counted: all of them together, since no index leads to those, and
  // each affiliate by itself would read them all.
  hits: (scope, { maxRateBps, minUniqueClicks, minReferrals, moreThanClicksFromReferrals }) => Prisma.sql`
    WITH uncleared AS MATERIALIZED (
      SELECT r.affiliate_id, r.referrals
      FROM (
        SELECT affiliate_id, count(*)::bigint AS in_all FROM referrals
        WHERE ${inScope(scope, Prisma.sql`affiliate_id`)}
        GROUP BY affiliate_id
        HAVING count(*) >= ${leastReferrals({ maxRateBps, minUniqueClicks, minReferrals, moreThanClicksFromReferrals })}::bigint
      ) candidate
      CROSS JOIN LATERAL (
        SELECT candidate.affiliate_id, candidate.in_all - count(*) AS referrals FROM referrals p
        WHERE p.affiliate_id = candidate.affiliate_id AND p.promotion_code_id IS NOT NULL
      ) r
      CROSS JOIN LATERAL (
        SELECT coalesce(sum(d.unique_clicks), 0)::bigint AS uniques, coalesce(sum(d.clicks), 0)::bigint AS clicks
        FROM click_days d WHERE d.affiliate_id = r.affiliate_id
      ) counted
      WHERE r.referrals * 10000 > counted.uniques * ${maxRateBps}::bigint OR r.referrals > counted.clicks
    ), clicks_now AS MATERIALIZED (
      SELECT affiliate_id, sum(unique_clicks)::bigint AS uniques, sum(clicks)::bigint AS clicks FROM click_days_now
      WHERE affiliate_id = ANY (ARRAY(SELECT affiliate_id FROM uncleared))
      GROUP BY affiliate_id
    )
    SELECT c.affiliate_id, 'conversion_rate' AS key,
           ${doublings(Prisma.sql`(c.referrals * 10000.0 / (greatest(c.uniques, 1) * ${maxRateBps}::int))`)}
             + ${doublings(Prisma.sql`c.referrals`)} / 2 AS level,
           NULL::text AS subject, NULL::text AS referral_id,
           jsonb_build_object('referrals', c.referrals, 'uniqueClicks', c.uniques, 'maxRateBps', ${maxRateBps}::int,
             'rateBps', CASE WHEN c.uniques > 0 THEN floor(c.referrals * 10000.0 / c.uniques)::bigint END) AS evidence
    FROM (
      SELECT u.affiliate_id, u.referrals, coalesce(n.uniques, 0) AS uniques, coalesce(n.clicks, 0) AS clicks
      FROM uncleared u LEFT JOIN clicks_now n ON n.affiliate_id = u.affiliate_id
    ) c
    WHERE ((c.uniques >= ${minUniqueClicks}::bigint OR c.referrals >= ${minReferrals}::bigint)
           AND c.referrals * 10000 > c.uniques * ${maxRateBps}::bigint)
       OR (c.referrals >= ${moreThanClicksFromReferrals}::bigint AND c.referrals > c.clicks)`,
  summary: ({ referrals, uniqueClicks, rateBps, maxRateBps }) =>
    rateBps === null
      ? `${referrals} people signed up, although the link was never clicked.`
      : `${referrals} of ${uniqueClicks} unique visitors signed up (${percent(rateBps)}); ${percent(maxRateBps)} is the limit.`,
});

/** Fewer referrals than this cannot be too many, whatever the clicks. */
function leastReferrals(thresholds: Record<ThresholdName, number>): number {
  const { maxRateBps, minUniqueClicks, minReferrals, moreThanClicksFromReferrals } = thresholds;
  const byClicks = Math.floor((minUniqueClicks * maxRateBps) / 10_000) + 1;
  return Math.min(byClicks, minReferrals, moreThanClicksFromReferrals);
}

function percent(bps: number): string {
  return `${bps / 100} %`;
}
