import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { AffiliatesModule } from '../affiliates/affiliates.module.js';
import { ReferralsModule } from '../referrals/referrals.module.js';
import { AccountRefresh } from './webhooks/account-refresh.js';
import { CatchUpScheduler } from './webhooks/catch-up-scheduler.js';
import { EventMetrics } from './webhooks/event-metrics.js';
import { EventWorker } from './webhooks/event-worker.js';
import { RedemptionScheduler } from './webhooks/redemption-scheduler.js';
import { WebhookController } from './webhooks/webhook.controller.js';
import { WebhookSelfTest } from './webhooks/webhook-self-test.js';
import { WebhookVerifier } from './webhooks/webhook-verifier.js';

import { StripeEventsModule } from './stripe-events.module.js';

/** The server's side of it: the endpoint, the worker of the inbox, and the catching up with what never arrived. */
@Module({
  imports: [StripeEventsModule, AffiliatesModule, ReferralsModule],
  controllers: [WebhookController],
  providers: [
    WebhookVerifier,
    WebhookSelfTest,
    EventWorker,
    EventMetrics,
    AccountRefresh,
    CatchUpScheduler,
    RedemptionScheduler,
  ],
})
export class StripeModule implements OnApplicationBootstrap {
  constructor(
    private readonly selfTest: WebhookSelfTest,
    private readonly worker: EventWorker,
    private readonly catchUp: CatchUpScheduler,
  ) {}

  /** Before the service listens. Throws when no webhook could be verified. */
  async onApplicationBootstrap(): Promise<void> {
    await this.selfTest.run();
    await this.worker.start();
    // Not waited for: the service must start while Stripe is away, too.
    void this.catchUp.tick();
  }
}
