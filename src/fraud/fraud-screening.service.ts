import { Injectable } from '@nestjs/common';
import type { Referral } from '@prisma/client';
import type { Tx } from '../database/database.js';
import type { RuleVerdict } from '../referrals/attribution/attribution-rule.js';
import { SignupScreening, type CreditedSignup, type Screening } from '../referrals/attribution/signup-screening.js';
import { FraudEvaluation } from './fraud-evaluation.service.js';
import { ReferralEmails } from './referral-emails.js';
import { ReviewCases } from './review-cases.service.js';
import { RuleSettings } from './rule-settings.service.js';
import { judgeEmailDomain } from './rules/blocked-email-domain.js';
import { isFraudRule, type FraudRuleName } from './rules/registry.js';
import { findWhitelisted } from './whitelist.js';

/** What fraud has to do with a signup: judging it, asking staff about what was let through, and looking at the affiliate. */
@Injectable()
export class FraudScreening extends SignupScreening {
  constructor(
    private readonly settings: RuleSettings,
    private readonly reviewCases: ReviewCases,
    private readonly evaluation: FraudEvaluation,
    private readonly emails: ReferralEmails,
  ) {
    super();
  }

  override async screen({ emailNormalized }: { emailNormalized: string | null }): Promise<Screening> {
    const settings = await this.settings.current();
    return {
      affiliateIpRule: settings.affiliate_ip_match.mode,
      clickIpRule: settings.click_ip_match.mode,
      verdicts: [judgeEmailDomain(emailNormalized, settings.blocked_email_domain.mode)],
    };
  }

  override async signupCredited(tx: Tx, { referral, emailNormalized, verdicts }: CreditedSignup): Promise<void> {
    if (emailNormalized !== null) await this.emails.record(tx, referral, emailNormalized);
    const flags = verdicts.filter(({ rule, finding }) => finding === 'flag' && isFraudRule(rule));
    for (const flag of flags.sort((a, b) => (a.rule < b.rule ? -1 : 1))) await this.ask(tx, referral, flag);
    await this.evaluation.evaluateIn(tx, 'signup', referral.affiliateId);
  }

  /** One signal per referral: a person can say of each whether it is a real customer. */
  private async ask(tx: Tx, referral: Referral, { rule, evidence, sentence }: RuleVerdict): Promise<void> {
    const name = rule as FraudRuleName;
    const { id: referralId, affiliateId, decisionId } = referral;
    if (await findWhitelisted(tx, { affiliateId, rule: name, subject: null })) return;
    const signal = { key: referralId, summary: sentence, evidence: { ...evidence, decisionId }, referralId };
    await this.reviewCases.openAll(tx, name, [{ affiliateId, signal }], evidence['mode'] === 'hold');
  }
}
