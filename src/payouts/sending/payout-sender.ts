import { Injectable, Logger } from '@nestjs/common';
import type { PayoutRun } from '@prisma/client';
import { AccountsOutOfReachError } from '../../affiliates/onboarding/account-gateway.js';
import { OnboardingService } from '../../affiliates/onboarding/onboarding.service.js';
import { Clock } from '../../common/clock.js';
import { Config } from '../../config/config.js';
import { isDatabaseUnavailable } from '../../database/database-errors.js';
import type { SkipReason } from '../eligibility/eligibility.js';
import { PayoutGateway, type TransferOutcome } from '../payout-gateway.js';
import { ClaimQueue } from './claim-queue.js';
import { FundsWaits } from './funds-waits.js';
import { idempotencyKeyOf, PayoutAttempts } from './payout-attempts.js';
import { PayoutClaims, type ClaimedPayout } from './payout-claims.js';
import { PayoutOutcomes } from './payout-outcomes.js';
import { RequestPacer } from './request-pacer.js';
import { SenderLease } from './sender-lease.js';
import { SendingHaltedError } from './sending-halted.error.js';
import { absenceCertainAt, mustLookUp } from './unresolved-request.js';

/**
 * So many seconds of work are under way at once: what Stripe may take to answer two requests a payout, and what waits to
 * be written down together.
 */
const SECONDS_UNDER_WAY = 2;
const LANES_MAX = 200;

const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 10 * 60 * 1000;
const BUSY_PAUSE_MS = 1_000;

/** Second half of a run: sends what was reserved, each payout at most once, whatever happens in between. */
@Injectable()
export class PayoutSender {
  private readonly logger = new Logger(PayoutSender.name);
  /** Stripe's limit is one per endpoint. */
  private readonly transferPacer: RequestPacer;
  private readonly accountPacer: RequestPacer;
  private readonly lanes: number;
  private stopping = false;

  constructor(
    config: Config,
    private readonly clock: Clock,
    private readonly gateway: PayoutGateway,
    private readonly onboarding: OnboardingService,
    private readonly claims: PayoutClaims,
    private readonly attempts: PayoutAttempts,
    private readonly outcomes: PayoutOutcomes,
    private readonly fundsWaits: FundsWaits,
    private readonly lease: SenderLease,
  ) {
    this.transferPacer = new RequestPacer(config.payoutRequestsPerSecond);
    this.accountPacer = new RequestPacer(config.payoutRequestsPerSecond);
    this.lanes = Math.min(Math.ceil(config.payoutRequestsPerSecond * SECONDS_UNDER_WAY), LANES_MAX);
  }

  /**
   * Sends every pending payout of the run that is due. Several processes may call this at the same time: one of them
   * sends (see SenderLease), and should a second one send nevertheless, each payout is claimed by one, and even a double
   * send carries the same idempotency key. A run that was halted starts with the payout that halted it, alone.
   *
   * @returns false when another process sends.
   * @throws SendingHaltedError when going on would be pointless or dangerous; nothing is returned or failed then.
   */
  sendDue(run: PayoutRun): Promise<boolean> {
    return this.lease.hold(async () => {
      if (run.haltedPayoutId !== null) await this.sendClaimed(run.id, run.haltedPayoutId);
      await this.sendClaimed(run.id, null);
    });
  }

  /** Lets what is under way end and sends nothing more: for a shutdown. */
  stop(): void {
    this.stopping = true;
  }

  get isStopping(): boolean {
    return this.stopping;
  }

  private async sendClaimed(runId: string, only: string | null): Promise<void> {
    const queue = new ClaimQueue(this.claims.size / 2, () => this.claims.claim(runId, only));
    let failure: Error | undefined;
    const lane = async (): Promise<void> => {
      while (!failure && !this.stopping) {
        const payout = await queue.take();
        if (!payout) return;
        try {
          await this.settle(payout);
        } catch (error) {
          if (error instanceof SendingHaltedError || isDatabaseUnavailable(error)) failure ??= error as Error;
          else await this.postpone(payout, error);
        }
      }
    };
    const lanes = await Promise.allSettled(Array.from({ length: this.lanes }, lane));
    const broken = lanes.find((result) => result.status === 'rejected');
    if (!broken) {
      await this.claims.putBack(
        (await queue.rest()).map(({ id }) => id),
        null,
      );
    }
    if (failure) throw failure;
    if (broken) throw broken.reason;
  }

  private async settle(payout: ClaimedPayout): Promise<void> {
    if (this.fundsWaits.wasRefused(payout.currency) && !isUnresolved(payout)) {
      return this.claims.putBack([payout.id], null);
    }
    const ineligible = await this.findSkipReason(payout);
    const { credentialId } = this.gateway;
    const { attempt } = payout;
    const mustAsk =
      attempt !== null &&
      isUnresolved(payout) &&
      mustLookUp(attempt, { now: this.clock.now(), credentialId, isEligible: ineligible === null });
    if (!mustAsk) return ineligible ? this.outcomes.canceled(payout, ineligible) : this.send(payout);

    if (await this.adoptExisting(payout)) return;
    // A request that left lately may still arrive.
    if (this.clock.now() < absenceCertainAt(attempt)) {
      return this.claims.putBack([payout.id], absenceCertainAt(attempt));
    }
    await this.attempts.resolve(payout, 'absent', null);
    if (ineligible) return this.outcomes.canceled(payout, ineligible);
    const next = await this.attempts.next(payout);
    if (next) await this.send(next);
  }

  /** Status, cases and account once more, the account asked afresh: what changed since the reservation counts. */
  private async findSkipReason(payout: ClaimedPayout): Promise<SkipReason | null> {
    if (payout.affiliateStatus !== 'active') return 'suspended';
    if (payout.underReview) return 'under_review';
    // The account was replaced since: the money goes back and into the next run, to the new account.
    if (payout.accountId !== payout.destination) return 'account_restricted';
    return (await this.isPayable(payout)) ? null : 'account_restricted';
  }

  /** @throws SendingHaltedError when no account can be asked about: that says nothing about this one. */
  private async isPayable(payout: ClaimedPayout): Promise<boolean> {
    await this.accountPacer.turn();
    try {
      const account = await this.onboarding.refreshAccount(payout.destination);
      return account?.payoutsEnabled ?? false;
    } catch (error) {
      if (!(error instanceof AccountsOutOfReachError)) throw error;
      await this.claims.putBack([payout.id], null);
      throw new SendingHaltedError(error.detail, payout.id);
    }
  }

  private async send(payout: ClaimedPayout): Promise<void> {
    await this.transferPacer.turn();
    const intended = await this.attempts.intend(payout);
    if (!intended) return;
    const { id: payoutId, amountMinor, currency, destination } = intended;
    const idempotencyKey = idempotencyKeyOf(intended);
    const outcome = await this.gateway.createTransfer({
      payoutId,
      amountMinor,
      currency,
      destination,
      idempotencyKey,
    });
    await this.conclude(intended, outcome);
  }

  /** What an answer means. Only an answer to the first request speaks for all: an earlier one may have gone through. */
  private async conclude(payout: ClaimedPayout, outcome: TransferOutcome): Promise<void> {
    const unresolvedBefore = isUnresolved(payout);
    switch (outcome.kind) {
      case 'sent':
        return this.outcomes.paid(payout, outcome.transferId);
      case 'refused':
        if (unresolvedBefore && (await this.adoptExisting(payout))) return;
        return this.outcomes.failed(payout, outcome.code, outcome.message);
      case 'insufficient_funds':
        if (unresolvedBefore && (await this.adoptExisting(payout))) return;
        await this.fundsWaits.begin(payout.currency);
        await this.attempts.resolve(payout, 'insufficient_funds', null);
        // The refusal is stored under the key.
        await this.attempts.next(payout);
        return this.claims.putBack([payout.id], null);
      case 'busy':
        this.transferPacer.pause(BUSY_PAUSE_MS);
        if (!unresolvedBefore) await this.attempts.resolve(payout, 'busy', outcome.detail);
        return this.retryLater(payout);
      case 'unknown':
        this.logger.warn({
          message: 'the outcome of a transfer is unknown; it is retried with the same key',
          payoutId: payout.id,
          detail: outcome.detail,
        });
        await this.attempts.resolve(payout, 'unknown', outcome.detail);
        return this.retryLater(payout);
      case 'halted':
        if (outcome.nothingDone && !unresolvedBefore) await this.attempts.resolve(payout, 'halted', outcome.detail);
        await this.claims.putBack([payout.id], null);
        throw new SendingHaltedError(outcome.detail, payout.id);
    }
  }

  /**
   * Looks for the payout's transfer at the provider. @returns whether it was there; it is then paid.
   * @throws UnexpectedTransfersError when what is there is not the one transfer that was asked for.
   */
  private async adoptExisting(payout: ClaimedPayout): Promise<boolean> {
    await this.transferPacer.turn();
    const transfers = await this.gateway.findTransfers(payout.id);
    const [transfer] = transfers;
    if (!transfer) return false;
    const isWanted =
      transfers.length === 1 &&
      transfer.amountMinor === payout.amountMinor &&
      transfer.currency === payout.currency &&
      transfer.destination === payout.destination;
    if (!isWanted) throw new UnexpectedTransfersError(transfers.map(({ transferId }) => transferId));
    await this.outcomes.paid(payout, transfer.transferId);
    return true;
  }

  /** Something about this payout alone went wrong, such as asking for the account: the others go on. */
  private async postpone(payout: ClaimedPayout, error: unknown): Promise<void> {
    if (error instanceof UnexpectedTransfersError) {
      const { transferIds } = error;
      this.logger.error({ code: 'unexpected_transfer', message: error.message, payoutId: payout.id, transferIds });
      return this.claims.putBack([payout.id], new Date(this.clock.now().getTime() + MAX_BACKOFF_MS));
    }
    this.logger.warn({ message: 'a payout could not be sent now', payoutId: payout.id, error: String(error) });
    return this.retryLater(payout);
  }

  /** 2 s, 4 s, 8 s … 10 min. */
  private retryLater(payout: ClaimedPayout): Promise<void> {
    const delayMs = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(payout.sends, 20), MAX_BACKOFF_MS);
    return this.claims.putBack([payout.id], new Date(this.clock.now().getTime() + delayMs));
  }
}

/** A payout's group holds what was not asked for: it is neither paid again nor given back until somebody looked. */
class UnexpectedTransfersError extends Error {
  constructor(readonly transferIds: string[]) {
    super("a payout's group at Stripe does not hold the one transfer that was asked for");
    this.name = 'UnexpectedTransfersError';
  }
}

/** Whether an earlier request of the present attempt may have made the transfer: it was sent, and no answer told. */
function isUnresolved({ attempt }: ClaimedPayout): boolean {
  return attempt?.outcome === 'unknown';
}
