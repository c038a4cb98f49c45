import type { AttributionFacts, AttributionRule, RefusalReason, RuleVerdict } from './attribution-rule.js';
import { affiliateInactive } from './rules/affiliate-inactive.js';
import { affiliateIpMatch } from './rules/affiliate-ip-match.js';
import { alreadyReferred } from './rules/already-referred.js';
import { clickExpired } from './rules/click-expired.js';
import { clickIpMatch } from './rules/click-ip-match.js';
import { clickUnknown } from './rules/click-unknown.js';
import { codeUnknown } from './rules/code-unknown.js';
import { selfReferral } from './rules/self-referral.js';

/** In the order in which they refuse: the first refusal is the reason. What was screened before comes last. */
const ATTRIBUTION_RULES: readonly AttributionRule[] = [
  clickUnknown,
  codeUnknown,
  alreadyReferred,
  clickExpired,
  affiliateInactive,
  selfReferral,
  affiliateIpMatch,
  clickIpMatch,
];

export interface Verdict {
  /** Null when nothing stands against crediting the affiliate. */
  refusal: RefusalReason | null;
  /** Every rule's word, also after the first refusal. */
  rules: RuleVerdict[];
}

export function decide(facts: AttributionFacts): Verdict {
  const rules = [...ATTRIBUTION_RULES.map((rule) => rule(facts)), ...facts.screened];
  return { refusal: rules.find(({ finding }) => finding === 'refuse')?.rule ?? null, rules };
}
