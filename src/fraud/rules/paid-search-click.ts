import { Prisma } from '@prisma/client';
import { SEARCH_AD_IDS, SOCIAL_AD_IDS } from '../../referrals/clicks/ad-click-ids.js';
import { ASKING_MODES, detectionRule, inScope, isNewReferral } from './fraud-rule.js';

interface Evidence {
  clickId: string;
  /** Such as `gclid`. */
  adClickId: string;
}

type ThresholdName = 'countSocial';

/**
 * An affiliate who buys advertisements on the product's own name sells customers that were on their way already. The
 * landing address tells: engines add an id to it.
 */
export const paidSearchClick = detectionRule<Evidence, ThresholdName>({
  description:
    'A referred customer came by an advertisement: the landing address of the click has gclid, msclkid, fbclid or the like.',
  question: 'Customers came by paid advertisements: may this affiliate advertise, and on which words?',
  modes: ASKING_MODES,
  defaultMode: 'flag',
  thresholds: {
    countSocial: {
      default: 1,
      min: 0,
      max: 1,
      meaning: '1 counts social networks (fbclid, ttclid …), which mark links in ordinary posts, too; 0 does not.',
    },
  },
  news: ['signup'],
  hits: (scope, { countSocial }) => Prisma.sql`
    SELECT r.affiliate_id, r.id AS key, 0 AS level, ad.id AS subject, r.id AS referral_id,
           jsonb_build_object('clickId', r.click_id, 'adClickId', ad.id) AS evidence
    FROM referrals r
    JOIN clicks c ON c.id = r.click_id
    CROSS JOIN LATERAL (
      SELECT lower((regexp_match(c.url, ${patternOf(countSocial)}, 'i'))[1]) AS id
    ) ad
    WHERE ${inScope(scope, Prisma.sql`r.affiliate_id`)} AND ${isNewReferral(scope, Prisma.sql`r.id`)}
      AND c.url IS NOT NULL AND ad.id IS NOT NULL`,
  summary: ({ adClickId, clickId }) => `The click ${clickId} came by an advertisement: its address has ${adClickId}.`,
});

function patternOf(countSocial: number): string {
  return `[?&](${[...SEARCH_AD_IDS, ...(countSocial === 1 ? SOCIAL_AD_IDS : [])].join('|')})=`;
}
