import { RULE_MODES, type SignupRule } from './fraud-rule.js';

/** Judged by attribution, which knows the address (src/referrals/attribution/rules/affiliate-ip-match.ts). */
export const affiliateIpMatch: SignupRule = {
  judges: 'signup',
  refusal: 'affiliate_ip_match',
  description: "A signup comes from an address that the affiliate's own browser has used within the window.",
  question: 'Customers signed up from an address of the affiliate: are they somebody else?',
  modes: RULE_MODES,
  defaultMode: ({ affiliateIpRule }) => affiliateIpRule,
  thresholds: {},
};
