import { Injectable } from '@nestjs/common';
import type { Affiliate, AffiliateNotice } from '@prisma/client';
import type { NoticeKind } from '../../affiliates/notices/notice-kind.js';
import { isId } from '../../common/ids.js';
import { Database } from '../../database/database.js';
import type { ActionNeeded } from '../content/mail-facts.js';
import { NextPayout } from './next-payout.js';

/** What an affiliate has to do, if it still has to. */
@Injectable()
export class ActionFacts {
  constructor(
    private readonly database: Database,
    private readonly schedule: NextPayout,
  ) {}

  /** @param subjectId a run that could not pay, or a notice. Null once it is done, or the notice is gone. */
  async find(affiliateId: string, subjectId: string): Promise<ActionNeeded | null> {
    return isId('payoutRun', subjectId) ? this.ofRun(affiliateId, subjectId) : this.ofNotice(affiliateId, subjectId);
  }

  private async ofRun(affiliateId: string, runId: string): Promise<ActionNeeded | null> {
    const { prisma } = this.database;
    const affiliate = await prisma.affiliate.findUniqueOrThrow({ where: { id: affiliateId } });
    const skips = await prisma.payoutSkip.findMany({
      where: { affiliateId, runId, reason: 'not_onboarded' },
      include: { run: true },
      orderBy: { currency: 'asc' },
    });
    const run = skips[0]?.run;
    if (!run || affiliate.detailsSubmitted) return null;
    return {
      kind: 'set_up_payouts',
      waiting: skips.map(({ amountMinor, currency }) => ({ amountMinor, currency })),
      runAt: run.cutOff,
      nextPayoutAt: this.schedule.after(run),
    };
  }

  private async ofNotice(affiliateId: string, noticeId: string): Promise<ActionNeeded | null> {
    const { prisma } = this.database;
    const affiliate = await prisma.affiliate.findUniqueOrThrow({ where: { id: affiliateId } });
    const notice = await prisma.affiliateNotice.findUnique({ where: { id: noticeId } });
    if (!notice) return null;
    switch (notice.kind as NoticeKind) {
      case 'bank_payout_failed':
        return bankPayoutOf(notice);
      case 'account_restricted':
        return affiliate.payoutsEnabled ? null : { kind: 'account_restricted' };
      case 'account_gone':
        return affiliate.payoutsEnabled ? null : { kind: 'account_gone' };
      case 'requirements_due':
        return this.findDeadline(affiliate, notice);
    }
  }

  /** While the account still works, and what is due by that day is still wanted. */
  private async findDeadline(affiliate: Affiliate, { details }: AffiliateNotice): Promise<ActionNeeded | null> {
    const { accountId, dueAt } = details as { accountId: string; dueAt: string };
    if (!affiliate.payoutsEnabled || affiliate.stripeAccountId !== accountId) return null;
    const account = await this.database.prisma.affiliateAccount.findUnique({ where: { accountId } });
    const wanted = (account?.requirements ?? []) as unknown as { dueAt: string | null }[];
    if (!wanted.some((requirement) => requirement.dueAt !== null)) return null;
    return { kind: 'requirements_due', dueAt: new Date(dueAt) };
  }
}

function bankPayoutOf({ details }: AffiliateNotice): ActionNeeded {
  const { amount, currency, failureCode } = details as { amount: number; currency: string; failureCode: string | null };
  return { kind: 'bank_payout_failed', amountMinor: BigInt(amount), currency, failureCode };
}
