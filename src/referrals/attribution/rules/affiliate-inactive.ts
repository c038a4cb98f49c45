import type { AttributionFacts, RuleVerdict } from '../attribution-rule.js';

export function affiliateInactive({ affiliate }: AttributionFacts): RuleVerdict {
  const rule = 'affiliate_inactive';
  if (!affiliate) {
    return { rule, finding: 'not_evaluated', evidence: {}, sentence: 'No affiliate was found.' };
  }
  const evidence = { affiliateId: affiliate.id, status: affiliate.status };
  if (affiliate.status !== 'active') {
    return {
      rule,
      finding: 'refuse',
      evidence,
      sentence: `The affiliate ${affiliate.id} is ${affiliate.status}, not active.`,
    };
  }
  return { rule, finding: 'pass', evidence, sentence: `The affiliate ${affiliate.id} is active.` };
}
