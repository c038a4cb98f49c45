import type {
  AttributionFacts,
  AttributionRule,
  PrecedenceVerdict,
  RefusalReason,
  RuleVerdict,
  SignupFacts,
} from './attribution-rule.js';
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

/** Who decides a signup, and what came out. */
export interface Outcome {
  /** Those of the link or of the promotion code, whichever decides. */
  facts: AttributionFacts;
  verdict: Verdict;
  /** Why that one decides; null where no promotion code was redeemed. */
  precedence: PrecedenceVerdict | null;
}

/**
 * Code against link: what comes first by ATTRIBUTION_PRECEDENCE decides, unless it is refused and the other is not.
 * Where both are refused the link's reason is told, since that is what was reported.
 */
export function decideSignup({ link, promotion, precedence }: SignupFacts): Outcome | null {
  // Where both are one affiliate's nothing is to be settled, and the link says more.
  const linkFirst = precedence === 'link' || isOneAffiliate(link, promotion);
  const ordered = (linkFirst ? [link, promotion] : [promotion, link]).filter((facts) => facts !== null);
  const outcomes = ordered.map((facts) => ({ facts, verdict: decide(facts) }));
  const chosen =
    outcomes.find(({ verdict }) => verdict.refusal === null) ??
    outcomes.find(({ facts }) => facts === link) ??
    outcomes[0];
  if (!chosen) return null;
  const other = outcomes.find((outcome) => outcome !== chosen) ?? null;
  return { ...chosen, precedence: promotion && precedenceVerdict(precedence, promotion, chosen, other) };
}

function isOneAffiliate(one: AttributionFacts | null, other: AttributionFacts | null): boolean {
  const [first, second] = [one?.affiliate?.id, other?.affiliate?.id];
  return first !== undefined && first === second;
}

type Judged = Pick<Outcome, 'facts' | 'verdict'>;

function precedenceVerdict(
  precedence: SignupFacts['precedence'],
  promotion: AttributionFacts,
  chosen: Judged,
  other: Judged | null,
): PrecedenceVerdict {
  const decides = chosen.facts.promotion ? 'promotion_code' : 'link';
  const [winner, loser] = [nameOf(chosen.facts), other && nameOf(other.facts)];
  const sentence = !loser
    ? `${winner} decides: no link was reported.`
    : other && isOneAffiliate(chosen.facts, other.facts)
      ? `${winner} decides; ${loser} says the same.`
      : decides === precedence
        ? `${winner} decides over ${loser}, since ATTRIBUTION_PRECEDENCE is ${precedence}.`
        : chosen.verdict.refusal === null
          ? `${loser} comes first, since ATTRIBUTION_PRECEDENCE is ${precedence}, but is refused (${other?.verdict.refusal}): ${winner} decides.`
          : `Both ${winner} and ${loser} are refused.`;
  return {
    rule: 'attribution_precedence',
    finding: 'pass',
    evidence: {
      precedence,
      decides,
      promotionCode: promotion.promotion?.code ?? null,
      promotionCodeId: promotion.promotion?.promotionCodeId ?? null,
      redeemedAt: promotion.promotion?.redeemedAt.toISOString() ?? null,
      otherAffiliateId: other?.facts.affiliate?.id ?? null,
      otherRefusal: other?.verdict.refusal ?? null,
    },
    sentence: sentence.charAt(0).toUpperCase() + sentence.slice(1),
  };
}

function nameOf({ promotion, affiliate, click }: AttributionFacts): string {
  const whose = affiliate ? ` of ${affiliate.id}` : '';
  if (promotion) return `the promotion code ${promotion.code}${whose}`;
  return `the ${click ? 'click' : 'code'}${whose}`;
}
