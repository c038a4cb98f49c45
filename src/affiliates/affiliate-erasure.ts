import { Injectable } from '@nestjs/common';
import { DashboardSessions } from '../auth/dashboard-sessions.service.js';
import { Clock } from '../common/clock.js';
import type { Tx } from '../database/database.js';
import { AffiliateEvents } from './affiliate-events.js';
import { AffiliateCodes } from './codes/affiliate-codes.js';

/** The name of everybody who was erased. */
export const ERASED_NAME = 'Erased';

/** Who an erased affiliate was, for whoever must search for it elsewhere. Personal data: not to be kept. */
export interface FormerAffiliate {
  id: string;
  name: string;
  emails: string[];
  codes: string[];
  /** The one it has now. */
  code: string;
  accountIds: string[];
  createdAt: Date;
}

/** Erases who an affiliate is. What it earned and was paid stays, under its id. */
@Injectable()
export class AffiliateErasure {
  constructor(
    private readonly clock: Clock,
    private readonly codes: AffiliateCodes,
    private readonly sessions: DashboardSessions,
    private readonly events: AffiliateEvents,
  ) {}

  /**
   * Puts the pseudonym in place of the user id, drops name, e-mail, notices and what Stripe wants to know of the person,
   * retires the codes, ends the sessions, and suspends the affiliate: its links stop and nothing is paid out by itself.
   * Moves no money, and keeps the ids of its accounts at Stripe, which the payouts are proven by. Locks the affiliate's
   * row.
   *
   * @returns null when the user is no affiliate.
   */
  async erase(tx: Tx, userId: string, pseudonym: string): Promise<FormerAffiliate | null> {
    await tx.$queryRaw`SELECT 1 FROM "affiliates" WHERE "user_id" = ${userId} FOR NO KEY UPDATE`;
    const affiliate = await tx.affiliate.findUnique({ where: { userId }, include: { accounts: true } });
    if (affiliate === null) return null;
    const { id, name, email, emailNormalized, createdAt } = affiliate;
    // Before the codes go: it tells all instances which codes they must look up again.
    await tx.affiliate.update({
      where: { id },
      data: {
        userId: pseudonym,
        name: ERASED_NAME,
        email: null,
        emailNormalized: null,
        status: 'suspended',
        erasedAt: this.clock.now(),
      },
    });
    await this.sessions.erase(tx, id);
    const { retired, code } = await this.codes.retireAll(tx, id);
    await this.events.updatedAll(tx, [id]);
    await tx.affiliateNotice.deleteMany({ where: { affiliateId: id } });
    await tx.affiliateAccount.updateMany({
      where: { affiliateId: id },
      data: { requirements: [], disabledReason: null },
    });
    const emails = [email, emailNormalized].filter((each) => each !== null);
    const accountIds = affiliate.accounts.map(({ accountId }) => accountId);
    return { id, name, emails: [...new Set(emails)], codes: retired, code, accountIds, createdAt };
  }
}
