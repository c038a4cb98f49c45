import { Prisma } from '@prisma/client';
import { ASKING_MODES, detectionRule, inScope } from './fraud-rule.js';

interface Evidence {
  otherAffiliateId: string;
  /** How many others are paid to it. */
  others: number;
  kind: string;
}

/** However many share an account, a case names so many pairs. */
const PAIRS_MAX = 10;

/** Two affiliates who are paid to one bank account are one, who may have lost the first account to a suspension. */
export const sharedPayoutAccount = detectionRule<Evidence>({
  description: 'Two affiliates are or were paid out to the same bank account or card.',
  question: 'Another affiliate is paid to the same bank account or card: are they one and the same?',
  modes: ASKING_MODES,
  defaultMode: 'flag',
  thresholds: {},
  news: ['account'],
  hits: (scope) => Prisma.sql`
    WITH owned AS (
      SELECT DISTINCT a.affiliate_id, p.fingerprint, p.kind
      FROM account_payout_methods p JOIN affiliate_accounts a ON a.account_id = p.account_id
    ), shared AS MATERIALIZED (
      SELECT fingerprint FROM owned GROUP BY fingerprint
      HAVING count(DISTINCT affiliate_id) > 1 AND bool_or(${inScope(scope, Prisma.sql`affiliate_id`)})
    )
    SELECT o.affiliate_id, other.affiliate_id AS key, 0 AS level, other.affiliate_id AS subject, NULL::text AS referral_id,
           jsonb_build_object('otherAffiliateId', other.affiliate_id, 'others', other.others, 'kind', o.kind) AS evidence
    FROM shared s JOIN owned o USING (fingerprint)
    CROSS JOIN LATERAL (
      SELECT x.affiliate_id, count(*) OVER ()::int AS others FROM owned x
      WHERE x.fingerprint = o.fingerprint AND x.affiliate_id <> o.affiliate_id
      ORDER BY x.affiliate_id LIMIT ${PAIRS_MAX}
    ) other`,
  summary: ({ otherAffiliateId, others, kind }) =>
    `${otherAffiliateId} is or was paid out to the same ${kind.replaceAll('_', ' ')}${others > 1 ? `, and so are ${others - 1} more` : ''}.`,
});
