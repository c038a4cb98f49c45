import type { EngineRule } from './fraud-rule.js';

/** Enforced by the calculation (src/commissions/calculation/commission-calculator.ts). */
export const trialToPaid: EngineRule = {
  judges: 'everybody',
  description: 'A signup or a trial earns nothing: a commission exists only for a paid invoice above zero.',
  enforcedWhen: 'when an invoice is paid',
  whyFixed: 'There is no level to it: a commission is a share of what was paid, and a share of nothing is nothing.',
  setting: null,
  evidence: { in: 'trial_referrals' },
};
