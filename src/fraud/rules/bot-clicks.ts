import { Prisma } from '@prisma/client';
import { firstIdAt } from '../../common/ids.js';
import { ASKING_MODES, daysBefore, detectionRule, doublings, inScope } from './fraud-rule.js';

interface Evidence {
  day: string;
  pattern: 'one_address' | 'no_user_agent';
  clicks: number;
  /** All of the affiliate's clicks on that day. */
  ofClicks: number;
}

type ThresholdName = 'minClicks' | 'minShareBps';

/** Yesterday as a whole, and what there is of today. */
const LOOK_BACK_DAYS = 1;

/**
 * Clicks that nobody makes by hand: most of a day's come from one address, or without the user agent that every browser
 * sends. Only clicks that visitors made themselves count, not those that the host's server reports.
 */
export const botClicks = detectionRule<Evidence, ThresholdName>({
  description: "Most of an affiliate's clicks of a day come from one address, or from no browser.",
  question: "Most of a day's clicks look like a program's: who makes them?",
  modes: ASKING_MODES,
  defaultMode: 'flag',
  thresholds: {
    minClicks: { default: 100, min: 2, max: 10_000_000, meaning: 'Such clicks on a day from which it looks.' },
    minShareBps: { default: 5000, min: 1, max: 10_000, meaning: "Their share of the day's clicks from which it asks." },
  },
  // Looked at by night only: a click must cost nothing more than it does.
  news: [],
  hits: (scope, { minClicks, minShareBps }) => Prisma.sql`
    WITH grouped AS MATERIALIZED (
      SELECT affiliate_id, date_trunc('day', occurred_at, 'UTC') AS day, ip_hash, user_agent IS NULL AS bare, count(*) AS clicks
      FROM clicks
      WHERE id >= ${firstIdAt('click', startOfDay(daysBefore(scope.now, LOOK_BACK_DAYS)))} AND source <> 'host'
        AND ${inScope(scope, Prisma.sql`affiliate_id`)}
      GROUP BY 1, 2, 3, 4
    ), days AS (
      SELECT affiliate_id, day, sum(clicks)::bigint AS clicks, coalesce(sum(clicks) FILTER (WHERE bare), 0)::bigint AS bare
      FROM grouped GROUP BY 1, 2 HAVING sum(clicks) >= ${minClicks}::bigint
    ), addresses AS (
      SELECT affiliate_id, day, max(clicks)::bigint AS busiest
      FROM (SELECT affiliate_id, day, ip_hash, sum(clicks) AS clicks FROM grouped WHERE ip_hash IS NOT NULL GROUP BY 1, 2, 3) a
      GROUP BY 1, 2
    )
    SELECT d.affiliate_id, pattern.name || ':' || to_char(d.day AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS key,
           ${doublings(Prisma.sql`pattern.clicks`)} AS level, NULL::text AS subject, NULL::text AS referral_id,
           jsonb_build_object('day', to_char(d.day AT TIME ZONE 'UTC', 'YYYY-MM-DD'), 'pattern', pattern.name,
             'clicks', pattern.clicks, 'ofClicks', d.clicks) AS evidence
    FROM days d LEFT JOIN addresses a USING (affiliate_id, day)
    CROSS JOIN LATERAL (VALUES ('one_address', coalesce(a.busiest, 0)), ('no_user_agent', d.bare)) AS pattern (name, clicks)
    WHERE pattern.clicks >= ${minClicks}::bigint AND pattern.clicks * 10000 >= d.clicks * ${minShareBps}::bigint`,
  summary: ({ day, pattern, clicks, ofClicks }) =>
    pattern === 'one_address'
      ? `On ${day}, ${clicks} of ${ofClicks} clicks came from one address.`
      : `On ${day}, ${clicks} of ${ofClicks} clicks came without the user agent that every browser sends.`,
});

function startOfDay(moment: Date): Date {
  return new Date(moment.getTime() - (moment.getTime() % (24 * 60 * 60 * 1000)));
}
