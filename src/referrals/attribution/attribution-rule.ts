import type { AttributionPrecedence, IpRuleMode } from '../../config/environment.js';

/** Why a signup was not credited. Part of the contract with the host: names are never reused or changed. */
export type RefusalReason =
  | 'click_unknown'
  | 'code_unknown'
  | 'already_referred'
  | 'click_expired'
  | 'affiliate_inactive'
  | 'self_referral'
  | 'affiliate_ip_match'
  | 'click_ip_match'
  | 'blocked_email_domain';

/** How an address rule is set: `hold` credits the signup, too, and keeps the affiliate's money until staff have looked. */
export type AddressRuleMode = IpRuleMode | 'hold';

/** `flag`: suspicious, kept for staff, but no reason to refuse. */
export type Finding = 'pass' | 'refuse' | 'flag' | 'not_evaluated';

export interface RuleVerdict {
  rule: RefusalReason;
  finding: Finding;
  /** What the finding rests on, without raw addresses and e-mails. */
  evidence: Record<string, string | number | boolean | null>;
  /** For people: what was compared and what came out. */
  sentence: string;
}

/** What decided where a promotion code was redeemed: stands in the trace beside what the rules say, and never refuses. */
export interface PrecedenceVerdict extends Omit<RuleVerdict, 'rule'> {
  rule: 'attribution_precedence';
}

/** A promotion code that the referred user has redeemed, and that nothing was decided about yet. */
export interface RedeemedPromotion {
  /** Ours (prc_…). */
  promotionCodeId: string;
  /** What was typed in. */
  code: string;
  customerId: string;
  redeemedAt: Date;
}

/** Everything the rules look at, read once under the lock of the referred user. */
export interface AttributionFacts {
  referredUserId: string;
  occurredAt: Date;
  windowMs: number;
  /** The promotion code that this is about; null when it is about the link. */
  promotion: RedeemedPromotion | null;
  /** As the host gave them; both are null where the promotion code decides. */
  clickId: string | null;
  code: string | null;
  /** The stored click of `clickId`. */
  click: { code: string; occurredAt: Date; ipHash: string | null } | null;
  /** When the click of `clickId` was, where it was removed since (CLICK_RETENTION_DAYS). */
  removedClickAt: Date | null;
  /** Whom the click credits, or without a stored click the code; or whose the promotion code is. */
  affiliate: {
    id: string;
    userId: string;
    status: string;
    emailNormalized: string | null;
    planId: string;
    /** The plan's terms when the signup happened (happenedAt); null where it has none. */
    planVersionId: string | null;
  } | null;
  existingReferral: { id: string; affiliateId: string } | null;
  emailNormalized: string | null;
  /** The signup's address under every live key; null when the host gave none. */
  ipHashes: string[] | null;
  /** When the affiliate's own browser last used the signup's address, if it did within the window. */
  affiliateSeenAtIp: Date | null;
  affiliateIpRule: AddressRuleMode;
  clickIpRule: AddressRuleMode;
  /** What rules said that look at the signup alone. */
  screened: RuleVerdict[];
}

/** A pure function: facts in, verdict out. */
export type AttributionRule = (facts: AttributionFacts) => RuleVerdict;

/** What was found of one signup: by the link that the host reported, by the promotion code that was redeemed, or both. */
export interface SignupFacts {
  link: AttributionFacts | null;
  promotion: AttributionFacts | null;
  existingReferral: AttributionFacts['existingReferral'];
  precedence: AttributionPrecedence;
}

/** What a rule that found something does about it, as the operator configured it. */
export function findingOf(mode: Exclude<AddressRuleMode, 'off'>): Finding {
  return mode === 'refuse' ? 'refuse' : 'flag';
}
