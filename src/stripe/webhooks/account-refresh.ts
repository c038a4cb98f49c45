import { Injectable, Logger } from '@nestjs/common';
import Stripe from 'stripe';
import { OnboardingService } from '../../affiliates/onboarding/onboarding.service.js';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import { describeStripeError } from '../gateways/stripe-errors.js';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** Who has just begun and cannot be paid yet is waiting for the answer; Stripe is asked afresh before each payout. */
const BEGINNER_INTERVAL_MS = HOUR_MS;
const BEGINNER_FOR_MS = 7 * DAY_MS;
const INTERVAL_MS = DAY_MS;
/** A minute or so of one request after the other: far below Stripe's limits, and 19,200 accounts a day. */
const BATCH_SIZE = 200;

/**
 * Stands in for the events of connected accounts that did not arrive: no list shows them, so the accounts themselves
 * are asked about.
 */
@Injectable()
export class AccountRefresh {
  private readonly logger = new Logger(AccountRefresh.name);

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly onboarding: OnboardingService,
  ) {}

  /**
   * Asks about the accounts that are most overdue, a bounded number of them.
   * @throws what Stripe throws when it is not this account's fault; the rest is asked about next time.
   */
  async refreshDue(signal?: AbortSignal): Promise<void> {
    for (const accountId of await this.findDue()) {
      if (signal?.aborted) return;
      await this.refresh(accountId);
    }
  }

  private async refresh(accountId: string): Promise<void> {
    try {
      await this.onboarding.refreshAccount(accountId);
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) throw error;
      // One that Stripe will not speak about must not stand in front of the others for ever.
      await this.database.prisma.affiliate.updateMany({
        where: { stripeAccountId: accountId },
        data: { stripeAccountSeenAt: this.clock.now() },
      });
      this.logger.warn({
        message: 'Stripe does not say what has become of an account',
        accountId,
        error: describeStripeError(error),
      });
    }
  }

  /** The most overdue come first, so that nobody is passed over however many there are. */
  private async findDue(): Promise<string[]> {
    const now = this.clock.now();
    const begunAfter = new Date(now.getTime() - BEGINNER_FOR_MS);
    const rows = await this.database.prisma.$queryRaw<{ account_id: string }[]>`
      SELECT account_id FROM (
        SELECT id, stripe_account_id AS account_id,
               stripe_account_seen_at + interval '1 millisecond' *
                 CASE WHEN NOT payouts_enabled AND stripe_account_requested_at > ${begunAfter}
                   THEN ${BEGINNER_INTERVAL_MS}::int ELSE ${INTERVAL_MS}::int END AS due_at
        FROM affiliates
        WHERE stripe_account_id IS NOT NULL) AS accounts
      WHERE due_at IS NULL OR due_at <= ${now}
      ORDER BY due_at NULLS FIRST, id
      LIMIT ${BATCH_SIZE}`;
    return rows.map(({ account_id }) => account_id);
  }
}
