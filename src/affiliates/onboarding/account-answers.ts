import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Database, type Tx } from '../../database/database.js';
import { GroupCommit } from '../../database/group-commit.js';
import { AffiliateEvents } from '../affiliate-events.js';
import { AffiliateNotices } from '../notices/affiliate-notices.js';
import type { AccountStatus, Requirement } from './account-gateway.js';
import { messageOf, type StoredRequirement } from './onboarding-presenter.js';
import { todosOf } from './requirement-texts.js';

/** What the provider has said about an account. */
export interface AccountAnswer {
  accountId: string;
  /** Null: the account is gone. */
  status: AccountStatus | null;
  /** When the question began. */
  askedAt: Date;
  /** The event that made us ask, if one did. */
  stripeEventId: string | null;
}

/** The affiliate whose present account it is. */
interface Holder {
  affiliateId: string;
  accountId: string;
  payoutsEnabled: boolean;
  seenAt: Date | null;
}

/** Writes down what was answered about accounts, and sees who can no longer be paid. */
@Injectable()
export class AccountAnswers {
  private readonly answers = new GroupCommit<AccountAnswer>((answers) => this.write(answers));

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly notices: AffiliateNotices,
    private readonly events: AffiliateEvents,
  ) {}

  /**
   * Writes an answer down; concurrent calls share one transaction, since a payout run asks about every account. Of two
   * answers about one account that cross, the one asked for later stays. Idempotent. An account that is nobody's present
   * one is passed over. Locks the affiliates' rows, by id.
   */
  record(answer: AccountAnswer): Promise<void> {
    return this.answers.add(answer);
  }

  /** Whether what was asked at one moment is no older than another. A moment to come is the mistake of some clock. */
  isAnsweredSince(askedAt: Date | null, moment: Date): boolean {
    return askedAt !== null && askedAt > moment && askedAt <= this.clock.now();
  }

  private async write(answers: AccountAnswer[]): Promise<void> {
    const latest = latestPerAccount(answers);
    await this.database.transaction(async (tx) => {
      const holders = (await lockHolders(tx, [...latest.keys()])).flatMap((holder) => {
        const answer = latest.get(holder.accountId);
        return answer && !this.isAnsweredSince(holder.seenAt, answer.askedAt) ? [{ ...holder, answer }] : [];
      });
      if (holders.length === 0) return;
      const accepted = holders.map(({ answer }) => answer);
      await updateAffiliates(tx, accepted);
      await updateAccounts(tx, accepted);
      const changed = holders.filter(({ payoutsEnabled, answer }) => payoutsEnabled !== mayBePaid(answer));
      await this.events.updatedAll(
        tx,
        changed.map(({ affiliateId }) => affiliateId),
      );
      for (const { affiliateId, payoutsEnabled, answer } of holders) {
        // Could be paid and no longer can: under the row's lock that is seen once per change.
        if (payoutsEnabled && !mayBePaid(answer)) await this.tellOfLoss(tx, affiliateId, answer);
        else if (mayBePaid(answer)) await this.tellOfDeadline(tx, affiliateId, answer);
      }
    });
  }

  private async tellOfLoss(tx: Tx, affiliateId: string, answer: AccountAnswer): Promise<void> {
    const { accountId, status, askedAt, stripeEventId } = answer;
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

  /** Of an account that still works: once per day that something is due by. */
  private async tellOfDeadline(tx: Tx, affiliateId: string, answer: AccountAnswer): Promise<void> {
    const { accountId, status, askedAt, stripeEventId } = answer;
    const todos = todosOf(status?.requirements ?? []);
    const dueAt = earliest(todos.flatMap((todo) => (todo.dueAt === null ? [] : [todo.dueAt])));
    if (dueAt === null) return;
    await this.notices.record(tx, {
      affiliateId,
      kind: 'requirements_due',
      message: messageOf('complete', todos, null),
      details: { accountId, dueAt: dueAt.toISOString(), requirements: todos.map(({ code }) => code) },
      uniqueKey: `requirements_due:${accountId}:${dueAt.toISOString().slice(0, 10)}`,
      stripeEventId,
      occurredAt: askedAt,
    });
  }
}

function earliest(dates: Date[]): Date | null {
  return dates.length === 0 ? null : new Date(Math.min(...dates.map((date) => date.getTime())));
}

function latestPerAccount(answers: AccountAnswer[]): Map<string, AccountAnswer> {
  const latest = new Map<string, AccountAnswer>();
  for (const answer of answers) {
    const other = latest.get(answer.accountId);
    if (!other || other.askedAt <= answer.askedAt) latest.set(answer.accountId, answer);
  }
  return latest;
}

/** In the order of ids, so that two writers cannot deadlock. */
function lockHolders(tx: Tx, accountIds: string[]): Promise<Holder[]> {
  return tx.$queryRaw<Holder[]>`
    SELECT id AS "affiliateId", stripe_account_id AS "accountId", payouts_enabled AS "payoutsEnabled",
           stripe_account_seen_at AS "seenAt"
    FROM affiliates WHERE stripe_account_id = ANY(${accountIds}::text[])
    ORDER BY id FOR NO KEY UPDATE`;
}

async function updateAffiliates(tx: Tx, answers: AccountAnswer[]): Promise<void> {
  const enabled = answers.map(mayBePaid);
  // Once finished stays finished: an account that is limited or closed later is restricted, not unfinished.
  const finished = answers.map(({ status }) => (status?.detailsSubmitted || status?.payoutsEnabled) ?? false);
  await tx.$executeRaw`
    UPDATE affiliates a SET stripe_account_seen_at = w.asked_at, payouts_enabled = w.enabled,
      details_submitted = a.details_submitted OR w.finished
    FROM unnest(${answers.map(({ accountId }) => accountId)}::text[], ${answers.map(({ askedAt }) => askedAt)}::timestamptz[],
                ${enabled}::boolean[], ${finished}::boolean[]) AS w (account_id, asked_at, enabled, finished)
    WHERE a.stripe_account_id = w.account_id`;
}

/** Mostly nothing is new about an account; then its row is left alone. */
async function updateAccounts(tx: Tx, answers: AccountAnswer[]): Promise<void> {
  const requirements = answers.map(({ status }) => JSON.stringify((status?.requirements ?? []).map(stored)));
  await tx.$executeRaw`
    UPDATE affiliate_accounts t SET gone_at = w.gone_at, requirements = w.requirements, disabled_reason = w.disabled_reason
    FROM (
      SELECT k.account_id, CASE WHEN w.is_gone THEN coalesce(k.gone_at, w.asked_at) END AS gone_at,
             w.requirements::jsonb AS requirements, w.disabled_reason
      FROM unnest(${answers.map(({ accountId }) => accountId)}::text[], ${answers.map(({ askedAt }) => askedAt)}::timestamptz[],
                  ${answers.map(({ status }) => status === null)}::boolean[], ${requirements}::text[],
                  ${answers.map(({ status }) => status?.disabledReason ?? null)}::text[])
        AS w (account_id, asked_at, is_gone, requirements, disabled_reason)
      JOIN affiliate_accounts k USING (account_id)
    ) w
    WHERE t.account_id = w.account_id
      AND (t.gone_at, t.requirements, t.disabled_reason) IS DISTINCT FROM (w.gone_at, w.requirements, w.disabled_reason)`;
}

function mayBePaid({ status }: AccountAnswer): boolean {
  return status?.payoutsEnabled ?? false;
}

function stored({ code, dueAt, pastDue, problem }: Requirement): StoredRequirement {
  return { code, dueAt: dueAt?.toISOString() ?? null, pastDue, problem };
}
