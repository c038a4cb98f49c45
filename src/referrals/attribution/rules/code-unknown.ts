import type { AttributionFacts, RuleVerdict } from '../attribution-rule.js';

export function codeUnknown({ code, click, removedClickAt, affiliate, promotion }: AttributionFacts): RuleVerdict {
  const rule = 'code_unknown';
  if (promotion) {
    return {
      rule,
      finding: 'not_evaluated',
      evidence: {},
      sentence: 'The promotion code decides, whatever code was given.',
    };
  }
  if (click || removedClickAt) {
    return {
      rule,
      finding: 'not_evaluated',
      evidence: { code },
      sentence: 'The click decides, so the code was not looked at.',
    };
  }
  if (code === null) {
    return { rule, finding: 'not_evaluated', evidence: {}, sentence: 'No code was given.' };
  }
  if (affiliate) {
    return {
      rule,
      finding: 'pass',
      evidence: { code, affiliateId: affiliate.id },
      sentence: `The code ${code} belongs to ${affiliate.id}.`,
    };
  }
  return { rule, finding: 'refuse', evidence: { code }, sentence: `No affiliate has or ever had the code ${code}.` };
}
