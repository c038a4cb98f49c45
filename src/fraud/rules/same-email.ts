import { Prisma } from '@prisma/client';
import { ASKING_MODES, detectionRule, inScope, isNewReferral } from './fraud-rule.js';

interface Evidence {
  /** The referral that signed up with it first. */
  otherReferralId: string | null;
  /** The affiliate whose own it was at the signup. */
  otherAffiliateId: string;
}

/** One person who signs up twice, or an affiliate under a second account: the same mailbox, spelled with dots or tags. */
export const sameEmail = detectionRule<Evidence>({
  description: 'A referred customer has the e-mail of another one or of an affiliate, once dots and +tags are dropped.',
  question: 'Customers signed up with an e-mail that is known already: are they different people?',
  modes: ASKING_MODES,
  defaultMode: 'flag',
  thresholds: {},
  news: ['signup'],
  // Of two, the one with the later id is asked about, whichever was credited last: two instances credit in another order than
  // they give ids. The pairs are few, and found once: joined as a subquery they may be looked for again for each new referral.
  hits: (scope) => Prisma.sql`
    WITH pair AS MATERIALIZED (
      SELECT DISTINCT ON (greatest(e.referral_id, o.referral_id))
             greatest(e.referral_id, o.referral_id) AS later, least(e.referral_id, o.referral_id) AS first
      FROM referral_emails e JOIN referral_emails o ON o.email_hash = e.email_hash AND o.referral_id <> e.referral_id
      WHERE ${inScope(scope, Prisma.sql`e.affiliate_id`)} AND ${isNewReferral(scope, Prisma.sql`e.referral_id`)}
      ORDER BY greatest(e.referral_id, o.referral_id), least(e.referral_id, o.referral_id)
    ), known AS MATERIALIZED (
      SELECT e.referral_id FROM referral_emails e
      WHERE ${inScope(scope, Prisma.sql`e.affiliate_id`)} AND ${isNewReferral(scope, Prisma.sql`e.referral_id`)}
        AND e.matching_affiliate_id IS NOT NULL
      UNION SELECT later FROM pair
    )
    SELECT e.affiliate_id, e.referral_id AS key, 0 AS level,
           coalesce(e.matching_affiliate_id, first.referral_id) AS subject, e.referral_id,
           jsonb_build_object('otherReferralId', CASE WHEN e.matching_affiliate_id IS NULL THEN first.referral_id END,
             'otherAffiliateId', coalesce(e.matching_affiliate_id, first.affiliate_id)) AS evidence
    FROM known JOIN referral_emails e USING (referral_id)
    LEFT JOIN pair ON pair.later = e.referral_id
    LEFT JOIN referral_emails first ON first.referral_id = pair.first`,
  summary: ({ otherReferralId, otherAffiliateId }) =>
    otherReferralId === null
      ? `The customer signed up with the e-mail of the affiliate ${otherAffiliateId}, or one that differs by dots or a tag.`
      : `The customer signed up with the e-mail of ${otherReferralId}, a referral of ${otherAffiliateId}, or one that differs by dots or a tag.`,
});
