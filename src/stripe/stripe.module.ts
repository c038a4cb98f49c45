import { Global, Logger, Module, type DynamicModule, type OnApplicationBootstrap } from '@nestjs/common';
import Stripe from 'stripe';
import { AccountGateway } from '../affiliates/onboarding/account-gateway.js';
import { AffiliatesModule } from '../affiliates/affiliates.module.js';
import { CommissionsModule } from '../commissions/commissions.module.js';
import { Config } from '../config/config.js';
import { JobQueue } from '../database/job-queue.js';
import { PayoutGateway } from '../payouts/payout-gateway.js';
import { TransferReversalGateway } from '../payouts/reversals/transfer-reversal-gateway.js';
import { TransferReader } from '../payouts/reconciliation/transfer-reader.js';
import { PayoutsModule } from '../payouts/payouts.module.js';
import { ReferralsModule } from '../referrals/referrals.module.js';
import { StripeAccountGatewayV1 } from './gateways/stripe-account-gateway-v1.js';
import { StripeAccountGatewayV2 } from './gateways/stripe-account-gateway-v2.js';
import { createStripeClient, StripeConnection } from './stripe-connection.js';
import { StripePayoutGateway } from './gateways/stripe-payout-gateway.js';
import { StripeTransferReversalGateway } from './gateways/stripe-transfer-reversal-gateway.js';
import { StripeTransferReader } from './gateways/stripe-transfer-reader.js';
import { AccountRefresh } from './webhooks/account-refresh.js';
import { CatchUpScheduler } from './webhooks/catch-up-scheduler.js';
import { ErasedSubjects } from './webhooks/erased-subjects.js';
import { EventBackfill } from './webhooks/event-backfill.js';
import { EventErasure } from './webhooks/event-erasure.js';
import { EventHandlers, type EventHandler } from './webhooks/event-handlers.js';
import { EventMetrics } from './webhooks/event-metrics.js';
import { EventProcessor } from './webhooks/event-processor.js';
import { EventReplay } from './webhooks/event-replay.js';
import { AccountUpdatedHandler } from './webhooks/handlers/account-updated.handler.js';
import { BankPayoutEndedHandler } from './webhooks/handlers/bank-payout-ended.handler.js';
import { ChargeSucceededHandler } from './webhooks/handlers/charge-succeeded.handler.js';
import { CreditNoteChangedHandler } from './webhooks/handlers/credit-note-changed.handler.js';
import { CustomerIdentifiedHandler } from './webhooks/handlers/customer-identified.handler.js';
import { DisputeChangedHandler } from './webhooks/handlers/dispute-changed.handler.js';
import { InvoicePaidHandler } from './webhooks/handlers/invoice-paid.handler.js';
import { InvoicePaymentPaidHandler } from './webhooks/handlers/invoice-payment-paid.handler.js';
import { RefundChangedHandler } from './webhooks/handlers/refund-changed.handler.js';
import { SubscriptionChangedHandler } from './webhooks/handlers/subscription-changed.handler.js';
import { TransferChangedHandler } from './webhooks/handlers/transfer-changed.handler.js';
import { PaymentReader } from './webhooks/payment-reader.js';
import { WebhookController } from './webhooks/webhook.controller.js';
import { STRIPE_EVENT_QUEUE, WebhookInbox } from './webhooks/webhook-inbox.js';
import { WebhookSelfTest } from './webhooks/webhook-self-test.js';
import { WebhookVerifier } from './webhooks/webhook-verifier.js';

/** One handler per kind of event; adding an event means adding its handler here. */
const HANDLERS = [
  InvoicePaidHandler,
  InvoicePaymentPaidHandler,
  ChargeSucceededHandler,
  RefundChangedHandler,
  DisputeChangedHandler,
  CreditNoteChangedHandler,
  CustomerIdentifiedHandler,
  SubscriptionChangedHandler,
  TransferChangedHandler,
  AccountUpdatedHandler,
  BankPayoutEndedHandler,
];

/** The ports that other modules own, bound to Stripe. */
@Global()
@Module({})
export class StripeGatewaysModule {
  static connect(connection: StripeConnection): DynamicModule {
    return {
      module: StripeGatewaysModule,
      providers: [
        { provide: StripeConnection, useValue: connection },
        { provide: Stripe, useFactory: () => createStripeClient(connection) },
        {
          provide: AccountGateway,
          inject: [Stripe, Config],
          useFactory: (stripe: Stripe, config: Config) =>
            config.stripeAccountsApi === 'v2' ? new StripeAccountGatewayV2(stripe) : new StripeAccountGatewayV1(stripe),
        },
        { provide: PayoutGateway, useClass: StripePayoutGateway },
        { provide: TransferReader, useClass: StripeTransferReader },
        { provide: TransferReversalGateway, useClass: StripeTransferReversalGateway },
      ],
      exports: [StripeConnection, Stripe, AccountGateway, PayoutGateway, TransferReader, TransferReversalGateway],
    };
  }
}

/** What keeps and processes Stripe's events: for the server, and for the commands that replay and backfill. */
@Module({
  imports: [AffiliatesModule, ReferralsModule, CommissionsModule, PayoutsModule],
  providers: [
    WebhookInbox,
    EventProcessor,
    EventReplay,
    PaymentReader,
    EventBackfill,
    ErasedSubjects,
    EventErasure,
    ...HANDLERS,
    {
      provide: EventHandlers,
      inject: [StripeConnection, ...HANDLERS],
      useFactory: (connection: StripeConnection, ...handlers: EventHandler[]) =>
        new EventHandlers(connection, handlers),
    },
  ],
  exports: [WebhookInbox, EventProcessor, EventReplay, EventBackfill, EventErasure],
})
export class StripeEventsModule {}

/** The server's side of it: the endpoint, the workers of the inbox, and the catching up with what never arrived. */
@Module({
  imports: [StripeEventsModule, AffiliatesModule],
  controllers: [WebhookController],
  providers: [WebhookVerifier, WebhookSelfTest, EventMetrics, AccountRefresh, CatchUpScheduler],
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
    await this.jobs.work(STRIPE_EVENT_QUEUE, {
      batchSize: 100,
      handle: (jobs) => this.processor.processBatch(jobs),
    });
    await this.processor.resumePending();
    // Not waited for: the service must start while Stripe is away, too.
    void this.catchUp.tick();
  }
}
