import { Logger, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { AffiliatesModule } from '../affiliates/affiliates.module.js';
import { JobQueue } from '../database/job-queue.js';
import { ReferralsModule } from '../referrals/referrals.module.js';
import { AccountRefresh } from './webhooks/account-refresh.js';
import { CatchUpScheduler } from './webhooks/catch-up-scheduler.js';
import { EventMetrics } from './webhooks/event-metrics.js';
import { EventProcessor } from './webhooks/event-processor.js';
import { RedemptionScheduler } from './webhooks/redemption-scheduler.js';
import { WebhookController } from './webhooks/webhook.controller.js';
import { STRIPE_EVENT_QUEUE } from './webhooks/webhook-inbox.js';
import { WebhookSelfTest } from './webhooks/webhook-self-test.js';
import { WebhookVerifier } from './webhooks/webhook-verifier.js';

import { StripeEventsModule } from './stripe-events.module.js';

/** The server's side of it: the endpoint, the workers of the inbox, and the catching up with what never arrived. */
@Module({
  imports: [StripeEventsModule, AffiliatesModule, ReferralsModule],
  controllers: [WebhookController],
  providers: [WebhookVerifier, WebhookSelfTest, EventMetrics, AccountRefresh, CatchUpScheduler, RedemptionScheduler],
})
export class StripeModule implements OnApplicationBootstrap {
  private readonly logger = new Logger(StripeModule.name);

  constructor(
    private readonly selfTest: WebhookSelfTest,
    private readonly jobs: JobQueue,
    private readonly processor: EventProcessor,
    private readonly catchUp: CatchUpScheduler,
  ) {}

  /** Before the service listens. Throws when no webhook could be verified. */
  async onApplicationBootstrap(): Promise<void> {
    await this.selfTest.run();
    await this.jobs.start([STRIPE_EVENT_QUEUE], (error) =>
      this.logger.error({ message: 'the job queue reports an error', error: error.message }),
    );
    this.jobs.work(STRIPE_EVENT_QUEUE, {
      batchSize: 100,
      handle: (jobs) => this.processor.processBatch(jobs),
    });
    await this.processor.resumePending();
    // Not waited for: the service must start while Stripe is away, too.
    void this.catchUp.tick();
  }
}
