import type { EngineRule } from './fraud-rule.js';

/** Enforced by attribution (src/referrals/attribution/decide.ts). */
export const attributionPrecedence: EngineRule = {
  judges: 'everybody',
  description:
    'Who came by the link of one affiliate and used the promotion code of another is credited to one of them: the setting says whose word comes first.',
  enforcedWhen: 'when a signup is attributed, and when a promotion code is redeemed',
  whyFixed: 'There is no level to it: nothing is suspicious about a customer whom two affiliates have reached.',
  setting: { variable: 'ATTRIBUTION_PRECEDENCE', valueOf: ({ attributionPrecedence: first }) => first },
  evidence: { in: 'promotion_codes' },
};
