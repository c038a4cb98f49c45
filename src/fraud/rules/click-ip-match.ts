import { RULE_MODES, type SignupRule } from './fraud-rule.js';

/** Judged by attribution, which knows the address (src/referrals/attribution/rules/click-ip-match.ts). */
export const clickIpMatch: SignupRule = {
  judges: 'signup',
  refusal: 'click_ip_match',
  description: 'A signup comes from the address that the link was clicked from, as it does for most honest visitors.',
  question: 'Customers signed up from the address they clicked from: are they real?',
  modes: RULE_MODES,
  defaultMode: ({ clickIpRule }) => clickIpRule,
  thresholds: {},
};
