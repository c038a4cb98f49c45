import { Prisma } from '@prisma/client';
import { ASKING_MODES, daysBefore, detectionRule, doublings, inScope } from './fraud-rule.js';

interface Evidence {
  /** When the hour began. */
  hour: string;
  signups: number;
  /** The most in an hour of the 30 days before. */
  busiestBefore: number;
}

type ThresholdName = 'minSignups' | 'maxTimesBusiestHour';

const PAST_DAYS = 30;
/** So that an hour across midnight, and a report that came late, are still looked at. */
const LOOK_BACK_DAYS = 2;

/** A script signs up faster than people come. What is fast is told by the affiliate's own past: campaigns grow slowly. */
export const signupVelocity = detectionRule<Evidence, ThresholdName>({
  description: "Within an hour far more customers sign up than in the affiliate's busiest hour of the month before.",
  question: 'Customers sign up much faster than ever before: is there a campaign, or a script?',
  modes: ASKING_MODES,
  defaultMode: 'flag',
  thresholds: {
    minSignups: { default: 10, min: 2, max: 100_000, meaning: 'Signups within an hour from which it looks.' },
    maxTimesBusiestHour: {
      default: 3,
      min: 1,
      max: 1_000,
      meaning: "How many times the affiliate's busiest hour of the 30 days before is still usual.",
    },
  },
  news: ['signup'],
  hits: (scope, { minSignups, maxTimesBusiestHour }) => Prisma.sql`
    SELECT r.affiliate_id, to_char(r.hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24') AS key,
           ${doublings(Prisma.sql`r.signups`)} AS level, NULL::text AS subject, NULL::text AS referral_id,
           jsonb_build_object('hour', to_char(r.hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:00:00"Z"'), 'signups', r.signups,
             'busiestBefore', past.busiest) AS evidence
    FROM (
      SELECT affiliate_id, date_trunc('hour', occurred_at, 'UTC') AS hour, count(*)::int AS signups FROM referrals
      WHERE ${inScope(scope, Prisma.sql`affiliate_id`)}
        AND occurred_at >= ${daysBefore(scope.now, LOOK_BACK_DAYS)}::timestamptz
      GROUP BY 1, 2 HAVING count(*) >= ${minSignups}::int
    ) r
    CROSS JOIN LATERAL (
      SELECT coalesce(max(signups), 0)::int AS busiest FROM (
        SELECT count(*) AS signups FROM referrals p
        WHERE p.affiliate_id = r.affiliate_id AND p.occurred_at < r.hour
          AND p.occurred_at >= r.hour - make_interval(days => ${PAST_DAYS}::int)
        GROUP BY date_trunc('hour', p.occurred_at, 'UTC')
      ) hours
    ) past
    WHERE r.signups > past.busiest * ${maxTimesBusiestHour}::int`,
  summary: ({ hour, signups, busiestBefore }) =>
    `${signups} customers signed up within the hour from ${hour}; the busiest hour of the ${PAST_DAYS} days before had ${busiestBefore}.`,
});
