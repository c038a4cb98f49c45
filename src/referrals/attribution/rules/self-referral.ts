import type { AttributionFacts, RuleVerdict } from '../attribution-rule.js';
import { maskEmail } from '../../masking.js';

/** Nobody earns from their own purchases: neither under the same user id nor under a second account's e-mail. */
export function selfReferral({ affiliate, referredUserId, emailNormalized }: AttributionFacts): RuleVerdict {
  const rule = 'self_referral';
  if (!affiliate) {
    return { rule, finding: 'not_evaluated', evidence: {}, sentence: 'No affiliate was found to compare with.' };
  }
  if (affiliate.userId === referredUserId) {
    return {
      rule,
      finding: 'refuse',
      evidence: { matched: 'user_id' },
      sentence: `The referred user is the affiliate's own user ${referredUserId}.`,
    };
  }
  if (emailNormalized === null || affiliate.emailNormalized === null) {
    const missing = emailNormalized === null ? 'no e-mail was given' : 'the affiliate has no e-mail';
    return {
      rule,
      finding: 'pass',
      evidence: { emailCompared: false },
      sentence: `The user ids differ; ${missing} to compare.`,
    };
  }
  const evidence = { matched: 'email', email: maskEmail(emailNormalized) };
  if (emailNormalized === affiliate.emailNormalized) {
    return {
      rule,
      finding: 'refuse',
      evidence,
      sentence: `The referred user's e-mail ${evidence.email} is the affiliate's own.`,
    };
  }
  return { rule, finding: 'pass', evidence: { emailCompared: true }, sentence: 'User ids and e-mails differ.' };
}
