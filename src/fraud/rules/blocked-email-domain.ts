import type { RuleVerdict } from '../../referrals/attribution/attribution-rule.js';
import { domainOf, findDisposableDomain } from '../email-identity.js';
import { RULE_MODES, type RuleMode, type SignupRule } from './fraud-rule.js';

const RULE = 'blocked_email_domain';

/** A mailbox that lives for ten minutes belongs to nobody who means to stay a customer. */
export const blockedEmailDomain: SignupRule = {
  judges: 'signup',
  refusal: 'blocked_email_domain',
  description: 'The e-mail of a signup is at a provider of throw-away addresses.',
  question: 'Customers signed up with throw-away addresses: are they real?',
  modes: RULE_MODES,
  defaultMode: 'refuse',
  thresholds: {},
};

/** What the rule says of a normalised e-mail. Subdomains of a listed domain count as it. */
export function judgeEmailDomain(emailNormalized: string | null, mode: RuleMode): RuleVerdict {
  if (mode === 'off') {
    return { rule: RULE, finding: 'not_evaluated', evidence: { mode }, sentence: 'The rule is switched off.' };
  }
  if (emailNormalized === null) {
    return { rule: RULE, finding: 'not_evaluated', evidence: { mode }, sentence: 'No e-mail was given.' };
  }
  const listed = findDisposableDomain(domainOf(emailNormalized));
  if (listed === null) {
    return {
      rule: RULE,
      finding: 'pass',
      evidence: { mode },
      sentence: "The e-mail's provider gives no throw-away addresses.",
    };
  }
  return {
    rule: RULE,
    finding: mode === 'refuse' ? 'refuse' : 'flag',
    evidence: { mode, domain: listed },
    sentence: `The e-mail is at ${listed}, a provider of throw-away addresses.`,
  };
}
