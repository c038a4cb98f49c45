import { Injectable } from '@nestjs/common';
import type { Affiliate } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../database/database.js';
import { affiliateNotFound } from '../affiliate-errors.js';
import { AffiliateNotices } from '../notices/affiliate-notices.js';
import { AccountGateway, type AccountStatus, type Requirement } from './account-gateway.js';
import type { OnboardingDto } from './onboarding.dto.js';
import { messageOf, presentOnboarding, type StoredRequirement } from './onboarding-presenter.js';
import { todosOf } from './requirement-texts.js';

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
    private readonly notices: AffiliateNotices,
  ) {}

  /** How far an affiliate is, by what was last heard; asks nobody. @throws DomainError `affiliate_not_found`. */
  async get(affiliateId: string): Promise<OnboardingDto> {
    const affiliate = await this.database.prisma.affiliate.findUnique({
      where: { id: affiliateId },
      include: { accounts: { orderBy: [{ connectedAt: 'desc' }, { replacedAt: 'desc' }] } },
    });
    if (affiliate === null) throw affiliateNotFound();
    return presentOnboarding(affiliate, affiliate.accounts);
  }

  /**
   * Asks what has become of an account and writes it down. Idempotent; before payouts, and daily. Locks the affiliate's
   * row for the writing only.
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
    if (holder === null || this.isAnsweredSince(holder.stripeAccountSeenAt, receivedAt)) return;
    const underWay = this.asking.get(accountId);
    if (underWay && this.isAnsweredSince(underWay.askedAt, receivedAt)) await underWay.answer;
    else await this.refreshAccount(accountId, stripeEventId);
  }

  private async ask(accountId: string, askedAt: Date, stripeEventId: string | null): Promise<AccountStatus | null> {
    const status = await this.gateway.getAccount(accountId);
    await this.database.transaction(async (tx) => {
      const before = await lockHolder(tx, accountId);
      // Of two answers that cross, the one asked for later stays.
      if (before === null || this.isAnsweredSince(before.stripeAccountSeenAt, askedAt)) return;
      await tx.affiliate.update({
        where: { id: before.id },
        data: {
          stripeAccountSeenAt: askedAt,
          payoutsEnabled: status?.payoutsEnabled ?? false,
          // Once finished stays finished: an account that is limited or closed later is restricted, not unfinished.
          ...((status?.detailsSubmitted || status?.payoutsEnabled) && { detailsSubmitted: true }),
        },
      });
      await writeStatus(tx, accountId, status, askedAt);
      if (before.payoutsEnabled && !status?.payoutsEnabled) {
        await this.tellOfLoss(tx, before.id, accountId, { status, askedAt, stripeEventId });
      }
    });
    return status;
  }

  /** Could be paid and no longer can: under the row's lock that is seen once per change. */
  private async tellOfLoss(
    tx: Tx,
    affiliateId: string,
    accountId: string,
    { status, askedAt, stripeEventId }: { status: AccountStatus | null; askedAt: Date; stripeEventId: string | null },
  ): Promise<void> {
    const todos = todosOf(status?.requirements ?? []);
    const disabledReason = status?.disabledReason ?? null;
    const kind = status === null ? 'account_gone' : 'account_restricted';
    await this.notices.record(tx, {
      affiliateId,
      kind,
      message: messageOf(status === null ? 'closed' : 'restricted', todos, disabledReason),
      details: { accountId, disabledReason, requirements: todos.map(({ code }) => code) },
      uniqueKey: `${kind}:${accountId}:${askedAt.getTime()}`,
      stripeEventId,
      occurredAt: askedAt,
    });
  }

  /** A moment that has not come yet is the mistake of some clock, and answers nothing. */
  private isAnsweredSince(askedAt: Date | null, moment: Date): boolean {
    return askedAt !== null && askedAt > moment && askedAt <= this.clock.now();
  }
}

/** The affiliate whose present account it is, locked. */
async function lockHolder(tx: Tx, accountId: string): Promise<Affiliate | null> {
  await tx.$queryRaw`SELECT 1 FROM "affiliates" WHERE "stripe_account_id" = ${accountId} FOR NO KEY UPDATE`;
  return tx.affiliate.findUnique({ where: { stripeAccountId: accountId } });
}

async function writeStatus(tx: Tx, accountId: string, status: AccountStatus | null, askedAt: Date): Promise<void> {
  const { goneAt } = await tx.affiliateAccount.findUniqueOrThrow({ where: { accountId } });
  await tx.affiliateAccount.update({
    where: { accountId },
    data: {
      goneAt: status === null ? (goneAt ?? askedAt) : null,
      requirements: (status?.requirements ?? []).map(stored),
      disabledReason: status?.disabledReason ?? null,
    },
  });
}

function stored({
  code,
  dueAt,
  pastDue,
  problem,
}: Requirement): StoredRequirement & Record<string, string | boolean | null> {
  return { code, dueAt: dueAt?.toISOString() ?? null, pastDue, problem };
}
