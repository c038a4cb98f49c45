import { Injectable } from '@nestjs/common';
import type { AffiliateNotice } from '@prisma/client';
import type { NoticeKind } from '../../affiliates/notices/notice-kind.js';
import { Clock } from '../../common/clock.js';
import { isId } from '../../common/ids.js';
import { Config } from '../../config/config.js';
import { nextPlannedRun } from '../../config/payout-schedule.js';
import { Database } from '../../database/database.js';
import type { ActionNeeded } from '../content/mail-facts.js';

/** What an affiliate has to do, if it still has to. */
@Injectable()
export class ActionFacts {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: Config,
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
    const { payoutCron, payoutTimezone } = this.config;
    return {
      kind: 'set_up_payouts',
      waiting: skips.map(({ amountMinor, currency }) => ({ amountMinor, currency })),
      runAt: run.cutOff,
      nextPayoutAt: nextPlannedRun(this.clock.now(), payoutCron, payoutTimezone)?.at ?? null,
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
    }
  }
}

function bankPayoutOf({ details }: AffiliateNotice): ActionNeeded {
  const { amount, currency } = details as { amount: number; currency: string };
  return { kind: 'bank_payout_failed', amountMinor: BigInt(amount), currency };
}
