import { Injectable } from '@nestjs/common';
import type { Tx } from '../database/database.js';

/** Whose facts are to be forgotten, by ids. */
export interface ForgottenPerson {
  affiliateId: string | null;
  referralId: string | null;
  customerIds: string[];
  accountIds: string[];
}

/** Forgets what the rules know of a person: hashes of e-mails, fingerprints of cards and bank accounts, an own domain. */
@Injectable()
export class FraudErasure {
  /** Idempotent. What was found with their help stays in its case, by ids only. */
  async erase(tx: Tx, { affiliateId, referralId, customerIds, accountIds }: ForgottenPerson): Promise<void> {
    if (referralId !== null) await tx.referralEmail.deleteMany({ where: { referralId } });
    await tx.customerPaymentMethod.deleteMany({ where: { customerId: { in: customerIds } } });
    await tx.accountPayoutMethod.deleteMany({ where: { accountId: { in: accountIds } } });
    // A domain of one's own may be one's name.
    if (affiliateId !== null) {
      await tx.reviewWhitelist.deleteMany({ where: { affiliateId, rule: 'same_email_domain', subject: { not: '' } } });
    }
    await tx.$executeRaw`
      UPDATE review_signals s
      SET subject = NULL, evidence = s.evidence || '{"domain": "[erased]"}', summary = replace(s.summary, s.subject, '[erased]')
      FROM review_cases c
      WHERE c.id = s.case_id AND c.rule = 'same_email_domain' AND s.subject IS NOT NULL
        AND (c.affiliate_id = ${affiliateId} OR s.referral_id = ${referralId})`;
  }
}
