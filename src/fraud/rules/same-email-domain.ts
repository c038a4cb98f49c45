import { Prisma } from '@prisma/client';
import { ASKING_MODES, detectionRule, inScope, isNewReferral } from './fraud-rule.js';

interface Evidence {
  domain: string;
}

/** The affiliate and the customer work at the same place, or are the same person with a domain of their own. */
export const sameEmailDomain = detectionRule<Evidence>({
  description: "A referred customer's e-mail is at the affiliate's own domain; public mail providers do not count.",
  question: "Customers signed up from the affiliate's own domain: is it more than buying through a link of one's own?",
  modes: ASKING_MODES,
  defaultMode: 'flag',
  thresholds: {},
  news: ['signup'],
  hits: (scope) => Prisma.sql`
    SELECT e.affiliate_id, e.referral_id AS key, 0 AS level, e.domain AS subject, e.referral_id,
           jsonb_build_object('domain', e.domain) AS evidence
    FROM referral_emails e JOIN affiliates a ON a.id = e.affiliate_id AND split_part(a.email_normalized, '@', 2) = e.domain
    WHERE ${inScope(scope, Prisma.sql`e.affiliate_id`)} AND ${isNewReferral(scope, Prisma.sql`e.referral_id`)}`,
  summary: ({ domain }) => `The customer's e-mail is at ${domain}, like the affiliate's own.`,
});
