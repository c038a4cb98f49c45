import { Injectable, Logger } from '@nestjs/common';
import { Prisma, type Payout, type PayoutAttempt } from '@prisma/client';
import { OnboardingService } from '../../affiliates/onboarding/onboarding.service.js';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { isDatabaseUnavailable } from '../../database/database-errors.js';
import { hasHoldingCase } from '../../fraud/holding-cases.js';
import type { SkipReason } from '../eligibility/eligibility.js';
import { PayoutGateway, type TransferOutcome } from '../payout-gateway.js';
import { PayoutOutcomes } from './payout-outcomes.js';
import { RequestPacer } from './request-pacer.js';

const CLAIM_SIZE_MAX = 100;
/** No more is claimed than can be sent well within the claim, at the slowest rate too. */
const CLAIM_SECONDS_OF_WORK = 15;
/** A claim outlives the slowest request; the payouts of a process that died are free after it. */
const CLAIM_MS = 45_000;
const MAX_LANES = 32;

/**
 * Stripe forgets a key after 24 hours at the earliest; from here on the same key might make a second transfer, so the
 * payout is looked up first. Four hours of room for clocks that differ (money.md, step 6).
 */
const KEY_TRUSTED_MS = 20 * 60 * 60 * 1000;

const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 10 * 60 * 1000;
const FUNDS_RETRY_MS = 15 * 60 * 1000;
const BUSY_PAUSE_MS = 1_000;

/** Credentials or keys are wrong, or a payout has two transfers: nothing more is sent until somebody looked. */
export class SendingHaltedError extends Error {
  constructor(readonly detail: string) {
    super(`sending payouts was stopped: ${detail}`);
    this.name = 'SendingHaltedError';
  }
}

/** Second half of a run: sends what was reserved, each payout at most once, whatever happens in between. */
@Injectable()
export class PayoutSender {
  private readonly logger = new Logger(PayoutSender.name);
  private readonly pacer: RequestPacer;
  private readonly claimSize: number;
  private stopping = false;

  constructor(
    config: Config,
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly gateway: PayoutGateway,
    private readonly onboarding: OnboardingService,
    private readonly outcomes: PayoutOutcomes,
  ) {
    this.pacer = new RequestPacer(config.payoutRequestsPerSecond);
    this.claimSize = Math.min(CLAIM_SIZE_MAX, config.payoutRequestsPerSecond * CLAIM_SECONDS_OF_WORK);
  }

  /**
   * Sends every pending payout of the run that is due, once each. Several processes may do so at the same time: a
   * payout is claimed with SKIP LOCKED, and even a double send carries the same idempotency key.
   *
   * @param onSettled called after each payout, for a progress display.
   * @throws SendingHaltedError when going on would be pointless or dangerous; nothing is returned or failed then.
   */
  async sendDue(runId: string, onSettled: (payout: Payout) => void = () => undefined): Promise<void> {
    for (;;) {
      const claimed = await this.claim(runId);
      if (claimed.length === 0 || this.stopping) return;
      let halted: Error | undefined;
      const lane = async (): Promise<void> => {
        for (let payout = claimed.shift(); payout && !halted && !this.stopping; payout = claimed.shift()) {
          try {
            await this.settle(payout);
            onSettled(payout);
          } catch (error) {
            if (error instanceof SendingHaltedError || isDatabaseUnavailable(error)) halted ??= error as Error;
            else await this.postpone(payout, error);
          }
        }
      };
      await Promise.all(Array.from({ length: MAX_LANES }, lane));
      if (halted) throw halted;
    }
  }

  /** Lets what is under way end and sends nothing more: for a shutdown. What was claimed is free again within a minute. */
  stop(): void {
    this.stopping = true;
  }

  get isStopping(): boolean {
    return this.stopping;
  }

  private claim(runId: string): Promise<Payout[]> {
    const now = this.clock.now();
    const claimedUntil = new Date(now.getTime() + CLAIM_MS);
    return this.database.transaction(async (tx) => {
      const due = await tx.$queryRaw<{ id: string }[]>`
        SELECT id FROM payouts
        WHERE run_id = ${runId} AND status = 'pending' AND (next_try_at IS NULL OR next_try_at <= ${now})
        ORDER BY id LIMIT ${this.claimSize} FOR UPDATE SKIP LOCKED`;
      const ids = due.map(({ id }) => id);
      await tx.payout.updateMany({ where: { id: { in: ids } }, data: { nextTryAt: claimedUntil } });
      return tx.payout.findMany({ where: { id: { in: ids } }, orderBy: { id: 'asc' } });
    });
  }

  private async settle(payout: Payout): Promise<void> {
    const attempt = await this.database.prisma.payoutAttempt.findUnique({
      where: { payoutId_attemptNo: { payoutId: payout.id, attemptNo: payout.attemptNo } },
    });
    await this.pacer.turn();
    const ineligible = await this.findSkipReason(payout);
    const unresolved = attempt !== null && isUnresolved(attempt);
    const tooOld = attempt !== null && this.clock.now().getTime() - attempt.firstSentAt.getTime() >= KEY_TRUSTED_MS;
    if (unresolved && (ineligible || tooOld)) {
      if (await this.adoptExisting(payout)) return;
      // A request that left lately may still arrive: only once its key is old is "not there" a certain no.
      if (!tooOld) return this.retryLater(payout, backoffMs(payout.sends));
    }
    if (ineligible) return this.outcomes.canceled(payout, ineligible);
    if (!unresolved || !tooOld) return this.send(payout, unresolved);
    const next = await this.nextAttempt(payout);
    if (next) await this.send(next, false);
  }

  /** Status, cases and account once more, the account asked afresh: what changed since the reservation counts. */
  private async findSkipReason(payout: Payout): Promise<SkipReason | null> {
    const [affiliate] = await this.database.prisma.$queryRaw<
      { status: string; underReview: boolean; stripeAccountId: string | null }[]
    >`
      SELECT status, ${hasHoldingCase(Prisma.sql`affiliates.id`)} AS "underReview", stripe_account_id AS "stripeAccountId"
      FROM affiliates WHERE id = ${payout.affiliateId}`;
    if (affiliate?.status !== 'active') return 'suspended';
    if (affiliate.underReview) return 'under_review';
    // The account was replaced since: the money goes back and into the next run, to the new account.
    if (affiliate.stripeAccountId !== payout.destination) return 'account_restricted';
    const account = await this.onboarding.refreshAccount(payout.destination);
    return account?.payoutsEnabled ? null : 'account_restricted';
  }

  private async send(payout: Payout, unresolvedBefore: boolean): Promise<void> {
    const idempotencyKey = `${payout.id}:${payout.attemptNo}`;
    const intended = await this.recordIntent(payout, idempotencyKey);
    if (!intended) return;
    const { id, amountMinor, currency, destination } = intended;
    const outcome = await this.gateway.createTransfer({
      payoutId: id,
      amountMinor,
      currency,
      destination,
      idempotencyKey,
    });
    await this.conclude(intended, outcome, unresolvedBefore);
  }

  /**
   * The intent is committed before the request leaves, so a crash in between is told from one that never sent.
   * Compare-and-set on what was claimed: a process that held its claim too long gets null and sends nothing, for the
   * payout may have been sent, or cancelled and its money returned, by another one. So does one that was still asking
   * about the account when the affiliate was suspended or put under review: the next claim cancels the payout.
   */
  private recordIntent(payout: Payout, idempotencyKey: string): Promise<Payout | null> {
    const firstSentAt = this.clock.now();
    const { id, attemptNo, sends } = payout;
    return this.database.transaction(async (tx) => {
      const count = await tx.$executeRaw`
        UPDATE payouts p SET sends = ${sends + 1} FROM affiliates a
        WHERE p.id = ${id} AND p.status = 'pending' AND p.attempt_no = ${attemptNo} AND p.sends = ${sends}
          AND a.id = p.affiliate_id AND a.status = 'active' AND NOT ${hasHoldingCase(Prisma.sql`a.id`)}`;
      if (count === 0) return null;
      await tx.payoutAttempt.upsert({
        where: { payoutId_attemptNo: { payoutId: payout.id, attemptNo: payout.attemptNo } },
        create: { payoutId: payout.id, attemptNo: payout.attemptNo, idempotencyKey, firstSentAt, outcome: 'unknown' },
        update: { outcome: 'unknown', outcomeDetail: null },
      });
      return { ...payout, sends: sends + 1 };
    });
  }

  private async conclude(payout: Payout, outcome: TransferOutcome, unresolvedBefore: boolean): Promise<void> {
    const { id: payoutId } = payout;
    switch (outcome.kind) {
      case 'sent':
        return this.outcomes.paid(payout, outcome.transferId);
      case 'refused':
        // Only the first request's no is a no to everything; an earlier one without an answer may have gone through.
        if (unresolvedBefore && (await this.adoptExisting(payout))) return;
        return this.outcomes.failed(payout, outcome.code, outcome.message);
      case 'insufficient_funds':
        if (unresolvedBefore && (await this.adoptExisting(payout))) return;
        await this.resolve(payout, 'insufficient_funds', null);
        await this.nextAttempt(payout);
        return this.retryLater(payout, FUNDS_RETRY_MS);
      case 'busy':
        this.pacer.pause(BUSY_PAUSE_MS);
        if (!unresolvedBefore) await this.resolve(payout, 'busy', outcome.detail);
        return this.retryLater(payout, backoffMs(payout.sends));
      case 'unknown':
        this.logger.warn({
          message: 'the outcome of a transfer is unknown; it is retried with the same key',
          payoutId,
          detail: outcome.detail,
        });
        await this.resolve(payout, 'unknown', outcome.detail);
        return this.retryLater(payout, backoffMs(payout.sends));
      case 'halted':
        this.logger.error({ message: 'sending payouts is halted', payoutId, detail: outcome.detail });
        await this.retryLater(payout, 0);
        throw new SendingHaltedError(outcome.detail);
    }
  }

  /** Looks for the payout's transfer at the provider. @returns whether it was there; it is then paid. */
  private async adoptExisting(payout: Payout): Promise<boolean> {
    await this.pacer.turn();
    const transferIds = await this.gateway.findTransfers(payout.id);
    if (transferIds.length > 1) {
      this.logger.error({ message: 'a payout has more than one transfer', payoutId: payout.id, transferIds });
      throw new SendingHaltedError(`payout ${payout.id} has ${transferIds.length} transfers`);
    }
    const [transferId] = transferIds;
    if (transferId) await this.outcomes.paid(payout, transferId);
    return transferId !== undefined;
  }

  /** Compare-and-set, so that of two processes only one goes on to the next attempt; the other gets null. */
  private async nextAttempt(payout: Payout): Promise<Payout | null> {
    const attemptNo = payout.attemptNo + 1;
    const { count } = await this.database.prisma.payout.updateMany({
      where: { id: payout.id, status: 'pending', attemptNo: payout.attemptNo },
      data: { attemptNo },
    });
    return count === 1 ? { ...payout, attemptNo } : null;
  }

  private async resolve(payout: Payout, outcome: string, outcomeDetail: string | null): Promise<void> {
    await this.database.prisma.payoutAttempt.update({
      where: { payoutId_attemptNo: { payoutId: payout.id, attemptNo: payout.attemptNo } },
      data: { outcome, outcomeDetail, resolvedAt: outcome === 'unknown' ? null : this.clock.now() },
    });
  }

  /** Something other than the transfer itself failed, such as asking for the account: the others go on. */
  private async postpone(payout: Payout, error: unknown): Promise<void> {
    this.logger.warn({ message: 'a payout could not be sent now', payoutId: payout.id, error: String(error) });
    await this.retryLater(payout, backoffMs(payout.sends));
  }

  private async retryLater(payout: Payout, delayMs: number): Promise<void> {
    const nextTryAt = new Date(this.clock.now().getTime() + delayMs);
    await this.database.prisma.payout.updateMany({ where: { id: payout.id, status: 'pending' }, data: { nextTryAt } });
  }
}

/** Whether the attempt's transfer may exist: it was sent, and no answer told. */
function isUnresolved(attempt: PayoutAttempt): boolean {
  return attempt.outcome === 'unknown';
}

/** 1 s, 2 s, 4 s … 10 min. */
function backoffMs(sends: number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(sends, 20), MAX_BACKOFF_MS);
}
