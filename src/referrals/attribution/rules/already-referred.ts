import type { AttributionFacts, RuleVerdict } from '../attribution-rule.js';

/** A user has one referral for ever. A repeated report for the same affiliate never gets here: it is answered with it. */
export function alreadyReferred({ existingReferral, referredUserId }: AttributionFacts): RuleVerdict {
  const rule = 'already_referred';
  if (!existingReferral) {
    return { rule, finding: 'pass', evidence: {}, sentence: `Nobody was credited with ${referredUserId} before.` };
  }
  return {
    rule,
    finding: 'refuse',
    evidence: { referralId: existingReferral.id, affiliateId: existingReferral.affiliateId },
    sentence: `${referredUserId} is the referral ${existingReferral.id} of ${existingReferral.affiliateId} already.`,
  };
}
