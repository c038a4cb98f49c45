import type { EngineRule } from './fraud-rule.js';

/** Enforced by attribution (src/referrals/attribution/rules/self-referral.ts). */
export const selfReferral: EngineRule = {
  judges: 'everybody',
  description: 'Nobody is credited for themselves: neither for their own user id nor for an e-mail of their own.',
  enforcedWhen: 'when a signup is attributed',
  whyFixed: 'It always refuses: a commission on one’s own purchase is a discount that nobody agreed to.',
  setting: null,
  evidence: { in: 'attribution_decisions', reason: 'self_referral' },
};
