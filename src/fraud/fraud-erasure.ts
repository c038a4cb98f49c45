import { Injectable } from '@nestjs/common';
import type { Tx } from '../database/database.js';

/** Whose facts are to be forgotten, by ids. */
export interface ForgottenPerson {
  referralId: string | null;
  customerIds: string[];
  accountIds: string[];
}

/** Forgets what the rules compare of a person: hashes of e-mails, fingerprints of cards and bank accounts. */
@Injectable()
export class FraudErasure {
  /** Idempotent. What was found with their help stays in its case, which names ids only. */
  async erase(tx: Tx, { referralId, customerIds, accountIds }: ForgottenPerson): Promise<void> {
    if (referralId !== null) await tx.referralEmail.deleteMany({ where: { referralId } });
    await tx.customerPaymentMethod.deleteMany({ where: { customerId: { in: customerIds } } });
    await tx.accountPayoutMethod.deleteMany({ where: { accountId: { in: accountIds } } });
  }
}
