import { affiliateIpMatch } from './affiliate-ip-match.js';
import { alreadyReferred } from './already-referred.js';
import { attributionPrecedence } from './attribution-precedence.js';
import { attributionWindow } from './attribution-window.js';
import { blockedEmailDomain } from './blocked-email-domain.js';
import { botClicks } from './bot-clicks.js';
import { clickIpMatch } from './click-ip-match.js';
import { conversionRate } from './conversion-rate.js';
import { disputeMonitoring } from './dispute-monitoring.js';
import { firstCommission } from './first-commission.js';
import type { DetectionRule, EngineRule, FraudNews, SignupRule } from './fraud-rule.js';
import { lossRate } from './loss-rate.js';
import { minimumPayout } from './minimum-payout.js';
import { ownPaymentMethod } from './own-payment-method.js';
import { paidSearchClick } from './paid-search-click.js';
import { sameEmailDomain } from './same-email-domain.js';
import { sameEmail } from './same-email.js';
import { selfReferral } from './self-referral.js';
import { sharedPayoutAccount } from './shared-payout-account.js';
import { signupVelocity } from './signup-velocity.js';
import { trialToPaid } from './trial-to-paid.js';

/** Every rule that staff can set, by its name. A name is never reused or changed: cases keep it. */
export const FRAUD_RULES = {
  affiliate_ip_match: affiliateIpMatch,
  click_ip_match: clickIpMatch,
  blocked_email_domain: blockedEmailDomain,
  conversion_rate: conversionRate,
  same_email: sameEmail,
  same_email_domain: sameEmailDomain,
  signup_velocity: signupVelocity,
  paid_search_click: paidSearchClick,
  bot_clicks: botClicks,
  first_commission: firstCommission,
  own_payment_method: ownPaymentMethod,
  shared_payout_account: sharedPayoutAccount,
  dispute_monitoring: disputeMonitoring,
  loss_rate: lossRate,
} as const satisfies Record<string, SignupRule | DetectionRule>;

/** What the engine enforces on everybody, whatever staff set; listed beside the others so that nobody has to guess. */
export const ENGINE_RULES = {
  self_referral: selfReferral,
  already_referred: alreadyReferred,
  attribution_window: attributionWindow,
  attribution_precedence: attributionPrecedence,
  trial_to_paid: trialToPaid,
  minimum_payout: minimumPayout,
} as const satisfies Record<string, EngineRule>;

export type EngineRuleName = keyof typeof ENGINE_RULES;

export const ENGINE_RULE_NAMES = Object.keys(ENGINE_RULES) as EngineRuleName[];

export function isEngineRule(name: string): name is EngineRuleName {
  return Object.hasOwn(ENGINE_RULES, name);
}

/** The rule as any rule of the engine. */
export function engineRule(name: EngineRuleName): EngineRule {
  return ENGINE_RULES[name];
}

export type FraudRuleName = keyof typeof FRAUD_RULES;

export const FRAUD_RULE_NAMES = Object.keys(FRAUD_RULES) as FraudRuleName[];

export function isFraudRule(name: string): name is FraudRuleName {
  return Object.hasOwn(FRAUD_RULES, name);
}

/** The rule as any rule. */
export function fraudRule(name: FraudRuleName): SignupRule | DetectionRule {
  return FRAUD_RULES[name];
}

/** The rules over affiliates; with `news`, those that look when it has happened. In the order in which locks are taken. */
export function detectionRules(news?: FraudNews): [FraudRuleName, DetectionRule][] {
  return [...FRAUD_RULE_NAMES].sort().flatMap((name): [FraudRuleName, DetectionRule][] => {
    const rule = fraudRule(name);
    if (rule.judges !== 'affiliate' || (news && !rule.news.includes(news))) return [];
    return [[name, rule]];
  });
}
