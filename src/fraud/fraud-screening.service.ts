import { Injectable } from '@nestjs/common';
import { inOneGo, type SqlTx } from '../database/sql-transaction.js';
import { SignupScreening, type CreditedSignup, type Screening } from '../referrals/attribution/signup-screening.js';
import { FraudEvaluation } from './fraud-evaluation.service.js';
import { ReferralEmails } from './referral-emails.js';
import { ReviewCases, type Found } from './review-cases.service.js';
import { RuleSettings } from './rule-settings.service.js';
import { judgeEmailDomain } from './rules/blocked-email-domain.js';
import { isFraudRule } from './rules/registry.js';
import { lockComparedSignups } from './signup-locks.js';
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

  override async signupsWritten(tx: SqlTx, credited: readonly CreditedSignup[]): Promise<void> {
    const emails = this.emails.comparedOf(credited);
    await inOneGo(
      tx,
      () => this.emails.recordAll(tx, emails),
      () =>
        lockComparedSignups(tx, {
          affiliateIds: credited.map(({ referral }) => referral.affiliateId),
          emailHashes: emails.map(({ hash }) => hash),
        }),
    );
  }

  override async signupsCredited(tx: SqlTx, credited: readonly CreditedSignup[]): Promise<() => Promise<void>> {
    const [flags, found] = await inOneGo(
      tx,
      () => withoutWhitelisted(tx, credited.flatMap(flagsOf)),
      () =>
        this.evaluation.findAfterSignups(
          tx,
          credited.map(({ referral }) => referral),
        ),
    );
    return () => this.reviewCases.openEach(tx, [...flags, ...found]);
  }
}

/** One signal per referral: a person can say of each whether it is a real customer. */
function flagsOf({ referral, verdicts }: CreditedSignup): Found[] {
  const { id: referralId, affiliateId, decisionId } = referral;
  return verdicts.flatMap(({ rule, finding, evidence, sentence }) => {
    if (finding !== 'flag' || !isFraudRule(rule)) return [];
    const signal = { key: referralId, summary: sentence, evidence: { ...evidence, decisionId }, referralId };
    return [{ rule, affiliateId, signal, holds: evidence['mode'] === 'hold' }];
  });
}

async function withoutWhitelisted(tx: SqlTx, flags: Found[]): Promise<Found[]> {
  const pairs = flags.map(({ affiliateId, rule }) => ({ affiliateId, rule, subject: null }));
  const allowed = await findWhitelisted(tx, pairs);
  return flags.filter((_, index) => !allowed[index]);
}
