import { Injectable } from '@nestjs/common';
import { AffiliatesService } from '../../affiliates/affiliates.service.js';
import { PlansService } from '../../affiliates/plans/plans.service.js';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import type { MailFacts } from '../content/mail-facts.js';
import type { Occasion } from '../occasions.js';
import { ActionFacts } from './action-facts.js';
import { NextPayout } from './next-payout.js';
import { monthBefore, StatementFacts } from './statement-facts.js';

type Finder<O extends Occasion> = (affiliateId: string, subjectId: string) => Promise<MailFacts[O] | null>;

/** Reads what an e-mail is about at the moment it is sent. */
@Injectable()
export class MailFactsService {
  private readonly finders: { [O in Occasion]: Finder<O> } = {
    welcome: (affiliateId) => this.welcome(affiliateId),
    first_conversion: (affiliateId) => this.firstConversion(affiliateId),
    monthly_statement: (affiliateId, runId) => this.monthlyStatement(affiliateId, runId),
    payout_paid: (_affiliateId, payoutId) => this.payoutPaid(payoutId),
    action_needed: (affiliateId, subjectId) => this.actions.find(affiliateId, subjectId),
  };

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly affiliates: AffiliatesService,
    private readonly plans: PlansService,
    private readonly statements: StatementFacts,
    private readonly actions: ActionFacts,
    private readonly schedule: NextPayout,
  ) {}

  /** Null when there is nothing to tell any more. */
  find<O extends Occasion>(occasion: O, affiliateId: string, subjectId: string): Promise<MailFacts[O] | null> {
    return this.finders[occasion](affiliateId, subjectId);
  }

  private async welcome(affiliateId: string): Promise<MailFacts['welcome']> {
    const { name, referralUrl, planId, commissionRateBps } = await this.affiliates.get(affiliateId);
    const terms = await this.plans.versionInForce(this.database.prisma, planId, this.clock.now());
    return {
      name,
      referralUrl,
      rateBps: commissionRateBps ?? terms.rateBps,
      durationMonths: terms.durationMonths,
    };
  }

  private async firstConversion(affiliateId: string): Promise<MailFacts['first_conversion'] | null> {
    const { prisma } = this.database;
    const affiliate = await prisma.affiliate.findUniqueOrThrow({ where: { id: affiliateId } });
    const referral = await prisma.referral.findFirst({
      where: { affiliateId, convertedAt: { not: null } },
      orderBy: { convertedAt: 'asc' },
    });
    if (!referral?.convertedAt) return null;
    const commission = await prisma.commission.findFirst({
      where: { referralId: referral.id, amountMinor: { gt: 0 } },
      orderBy: { id: 'asc' },
    });
    return {
      convertedAt: referral.convertedAt,
      commission: commission && {
        amountMinor: commission.amountMinor,
        currency: commission.currency,
        heldUntil: commission.availableAt > this.clock.now() ? commission.availableAt : null,
      },
      canBePaid: affiliate.payoutsEnabled,
    };
  }

  private async monthlyStatement(affiliateId: string, runId: string): Promise<MailFacts['monthly_statement'] | null> {
    const run = await this.database.prisma.payoutRun.findUniqueOrThrow({ where: { id: runId } });
    const month = monthBefore(run.period, this.config.payoutTimezone);
    const currencies = await this.statements.find(affiliateId, runId, month);
    if (currencies.length === 0) return null;
    return { month: month.month, currencies, nextPayoutAt: this.schedule.after(run) };
  }

  private async payoutPaid(payoutId: string): Promise<MailFacts['payout_paid'] | null> {
    const payout = await this.database.prisma.payout.findUniqueOrThrow({
      where: { id: payoutId },
      include: { run: true },
    });
    if (payout.paidAt === null) return null;
    const { id, amountMinor, currency, paidAt, run } = payout;
    return { amountMinor, currency, period: run.period, paidAt, reference: id };
  }
}
