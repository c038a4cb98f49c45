import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import Stripe from 'stripe';
import { SingleFlight } from '../../common/single-flight.js';
import { Database } from '../../database/database.js';
import { runAlone } from '../../database/run-alone.js';
import { describeStripeError } from '../gateways/stripe-errors.js';
import { AccountRefresh } from './account-refresh.js';
import { EventBackfill } from './event-backfill.js';

const EVERY_15_MINUTES = '0 */15 * * * *';

/**
 * Catches up with what Stripe could not deliver: at start, so that a server which was down for days needs nobody, and
 * every quarter of an hour. Whatever goes wrong is logged, and the next time goes on from there.
 */
@Injectable()
export class CatchUpScheduler implements BeforeApplicationShutdown {
  private readonly logger = new Logger(CatchUpScheduler.name);
  private readonly stopping = new AbortController();
  private readonly flight = new SingleFlight();

  constructor(
    private readonly database: Database,
    private readonly backfill: EventBackfill,
    private readonly accounts: AccountRefresh,
  ) {}

  /** Never rejects. A second call while one is under way joins it. */
  @Cron(EVERY_15_MINUTES)
  async tick(): Promise<void> {
    if (this.stopping.signal.aborted) return;
    await this.flight.join(() => this.work());
  }

  /** Ends after the request that is under way. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.flight.ended();
  }

  private async work(): Promise<void> {
    await this.attempt('fetching events', (signal) => this.backfill.catchUp(signal));
    if (this.stopping.signal.aborted) return;
    await this.attempt('asking about accounts', (signal) => this.accounts.refreshDue(signal));
  }

  private async attempt(what: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await runAlone(this.database, what, (lost) => work(AbortSignal.any([this.stopping.signal, lost])));
    } catch (error) {
      this.logger.error({
        message: `${what} was interrupted; it goes on within a quarter of an hour`,
        error: error instanceof Stripe.errors.StripeError ? describeStripeError(error) : String(error),
      });
    }
  }
}
