import { Injectable } from '@nestjs/common';
import type { Affiliate } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import { affiliateNotFound } from '../affiliate-errors.js';
import { AccountAnswers } from './account-answers.js';
import { AccountGateway, type AccountStatus } from './account-gateway.js';
import type { OnboardingDto } from './onboarding.dto.js';
import { presentOnboarding } from './onboarding-presenter.js';

/** Something that was heard about an account. */
export interface AccountNews {
  accountId: string;
  stripeEventId: string;
  receivedAt: Date;
}

interface Question {
  askedAt: Date;
  answer: Promise<AccountStatus | null>;
}

/** What has become of the affiliates' accounts at the payment provider: asked for, written down, shown. */
@Injectable()
export class OnboardingService {
  /** The latest question about an account that has no answer yet. */
  private readonly asking = new Map<string, Question>();

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly gateway: AccountGateway,
    private readonly answers: AccountAnswers,
  ) {}

  /** How far an affiliate is, by what was last heard; asks nobody. @throws DomainError `affiliate_not_found`. */
  async get(affiliateId: string): Promise<OnboardingDto> {
    const affiliate = await this.database.prisma.affiliate.findUnique({ where: { id: affiliateId } });
    if (affiliate === null) throw affiliateNotFound();
    return this.describe(affiliate);
  }

  /** The same of an affiliate whose row was read just now. */
  async describe(affiliate: Affiliate): Promise<OnboardingDto> {
    const accounts = await this.database.prisma.affiliateAccount.findMany({
      where: { affiliateId: affiliate.id },
      orderBy: [{ connectedAt: 'desc' }, { replacedAt: 'desc' }],
    });
    return presentOnboarding(affiliate, accounts);
  }

  /**
   * Asks what has become of an account and writes it down. Idempotent; before payouts, and daily. Locks the
   * affiliate's row, with those of others that were asked about at the same time, for the writing only.
   * @returns null when the account is gone.
   * @throws AccountsOutOfReachError when no account can be asked about: it says nothing about this one, and nothing is
   *   written. Otherwise what the gateway throws, so that the caller's own retry decides.
   */
  async refreshAccount(accountId: string, stripeEventId: string | null = null): Promise<AccountStatus | null> {
    const askedAt = this.clock.now();
    const question: Question = { askedAt, answer: this.ask(accountId, askedAt, stripeEventId) };
    this.asking.set(accountId, question);
    try {
      return await question.answer;
    } finally {
      if (this.asking.get(accountId) === question) this.asking.delete(accountId);
    }
  }

  /**
   * Sees to it that what is written down about an account is no older than the news of it. However many events tell of
   * an account, it is asked about once after the last of them: a question asked since the event arrived has the answer,
   * and one that is under way is waited for. An account that is nobody's present one is not asked about.
   * @throws what `refreshAccount` throws.
   */
  async refreshSince({ accountId, stripeEventId, receivedAt }: AccountNews): Promise<void> {
    const holder = await this.database.prisma.affiliate.findUnique({ where: { stripeAccountId: accountId } });
    if (holder === null || this.answers.isAnsweredSince(holder.stripeAccountSeenAt, receivedAt)) return;
    const underWay = this.asking.get(accountId);
    if (underWay && this.answers.isAnsweredSince(underWay.askedAt, receivedAt)) await underWay.answer;
    else await this.refreshAccount(accountId, stripeEventId);
  }

  private async ask(accountId: string, askedAt: Date, stripeEventId: string | null): Promise<AccountStatus | null> {
    const status = await this.gateway.getAccount(accountId);
    await this.answers.record({ accountId, status, askedAt, stripeEventId });
    return status;
  }
}
