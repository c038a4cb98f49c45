import { Prisma } from '@prisma/client';
import { firstIdAt } from '../../common/ids.js';
import { formatAmount } from '../../common/money.js';
import { ASKING_MODES, detectionRule, inScope } from './fraud-rule.js';

interface Evidence {
  commissionId: string;
  currency: string;
  /** In minor units, as text so that it stays exact; so is the next. */
  amount: string;
  usual: string;
}

type ThresholdName = 'maxTimesUsual' | 'minSample';

/** The newest commissions of the program: what is usual today. */
const SAMPLE_SIZE = 1_000;

/** Whoever steals cards starts with a large sale; affiliates whose audience is real start with small ones. */
export const firstCommission = detectionRule<Evidence, ThresholdName>({
  description: "An affiliate's first commission is many times what a commission usually is.",
  question: "The affiliate's very first commission is far above normal: is the customer real?",
  modes: ASKING_MODES,
  defaultMode: 'flag',
  thresholds: {
    maxTimesUsual: {
      default: 10,
      min: 2,
      max: 10_000,
      meaning: 'How many times the median commission is still normal.',
    },
    minSample: {
      default: 20,
      min: 2,
      max: SAMPLE_SIZE,
      meaning: `Commissions of the currency among the newest ${SAMPLE_SIZE} from which there is a normal.`,
    },
  },
  news: ['commission'],
  hits: (scope, { maxTimesUsual, minSample }) => Prisma.sql`
    WITH usual AS MATERIALIZED (
      SELECT currency, percentile_disc(0.5) WITHIN GROUP (ORDER BY amount_minor) AS median
      FROM (SELECT currency, amount_minor FROM commissions ORDER BY id DESC LIMIT ${SAMPLE_SIZE}) newest
      GROUP BY currency HAVING count(*) >= ${minSample}::int
    )
    SELECT first.affiliate_id, first.id AS key, 0 AS level, NULL::text AS subject, first.referral_id,
           jsonb_build_object('commissionId', first.id, 'currency', first.currency, 'amount', first.amount_minor::text,
             'usual', u.median::text) AS evidence
    FROM affiliates a
    CROSS JOIN LATERAL (
      SELECT * FROM commissions c WHERE c.affiliate_id = a.id ORDER BY c.id LIMIT 1
    ) first
    JOIN usual u ON u.currency = first.currency AND first.amount_minor > u.median * ${maxTimesUsual}::bigint
    WHERE ${inScope(scope, Prisma.sql`a.id`)} AND first.id >= ${firstIdAt('commission', scope.since)}`,
  summary: ({ currency, amount, usual }) =>
    `The first commission is ${money(amount, currency)}; half of the newest ones are ${money(usual, currency)} or less.`,
});

function money(amountMinor: string, currency: string): string {
  return `${formatAmount(BigInt(amountMinor), currency)} ${currency.toUpperCase()}`;
}
