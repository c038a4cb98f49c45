import { type AttributionFacts, findingOf, type RuleVerdict } from '../attribution-rule.js';

/** A signup from an address that the affiliate's own browser has used is most likely the affiliate's own. */
export function affiliateIpMatch({
  affiliate,
  affiliateIpRule,
  ipHashes,
  affiliateSeenAtIp,
}: AttributionFacts): RuleVerdict {
  const rule = 'affiliate_ip_match';
  if (affiliateIpRule === 'off') {
    return {
      rule,
      finding: 'not_evaluated',
      evidence: { mode: affiliateIpRule },
      sentence: 'The rule is switched off.',
    };
  }
  if (ipHashes === null) {
    return {
      rule,
      finding: 'not_evaluated',
      evidence: { mode: affiliateIpRule },
      sentence: "The signup's address was not given.",
    };
  }
  if (!affiliate) {
    return {
      rule,
      finding: 'not_evaluated',
      evidence: { mode: affiliateIpRule },
      sentence: 'No affiliate was found to compare with.',
    };
  }
  if (!affiliateSeenAtIp) {
    return {
      rule,
      finding: 'pass',
      evidence: { mode: affiliateIpRule },
      sentence: "The affiliate was not seen at the signup's address.",
    };
  }
  const lastSeenAt = affiliateSeenAtIp.toISOString();
  return {
    rule,
    finding: findingOf(affiliateIpRule),
    evidence: { mode: affiliateIpRule, lastSeenAt },
    sentence: `The signup came from an address that the affiliate used on ${lastSeenAt}.`,
  };
}
