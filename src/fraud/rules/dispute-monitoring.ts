import { Prisma } from '@prisma/client';
import { ASKING_MODES, detectionRule, doublings } from './fraud-rule.js';
import { LOSS_DAYS, lossesOfCommissions } from './lost-sales.js';

interface Evidence {
  disputes: number;
}

type ThresholdName = 'minDisputes';

/** A dispute takes its commission back by itself; several are a pattern, as stolen cards leave it. */
export const disputeMonitoring = detectionRule<Evidence, ThresholdName>({
  description:
    "Several payments of the affiliate's customers were disputed at their banks; inquiries and won disputes do not count.",
  question: "Several of this affiliate's customers dispute their payments: are they real, and is it their own card?",
  modes: ASKING_MODES,
  defaultMode: 'flag',
  thresholds: {
    minDisputes: { default: 2, min: 1, max: 10_000, meaning: `Disputes within ${LOSS_DAYS} days from which it asks.` },
  },
  news: ['loss'],
  hits: (scope, { minDisputes }) => Prisma.sql`
    SELECT affiliate_id, 'disputes' AS key, ${doublings(Prisma.sql`count(DISTINCT id)`)} AS level,
           NULL::text AS subject, NULL::text AS referral_id, jsonb_build_object('disputes', count(DISTINCT id)) AS evidence
    FROM (${lossesOfCommissions(scope)}) lost
    WHERE source = 'dispute'
    GROUP BY affiliate_id HAVING count(DISTINCT id) >= ${minDisputes}::int`,
  summary: ({ disputes }) =>
    `${disputes} payments of the affiliate's customers were disputed within ${LOSS_DAYS} days.`,
});
