import { Module } from '@nestjs/common';
import { AffiliatesModule } from '../affiliates/affiliates.module.js';
import { CommissionsModule } from '../commissions/commissions.module.js';
import { PayoutsModule } from '../payouts/payouts.module.js';
import { ReferralsModule } from '../referrals/referrals.module.js';
import { StripeConnection } from './stripe-connection.js';
import { ClaimedEvents } from './webhooks/claimed-events.js';
import { ErasedSubjects } from './webhooks/erased-subjects.js';
import { EventBackfill } from './webhooks/event-backfill.js';
import { EventErasure } from './webhooks/event-erasure.js';
import { EventHandlers, type EventHandler } from './webhooks/event-handlers.js';
import { EventProcessor } from './webhooks/event-processor.js';
import { EventReader } from './webhooks/event-reader.js';
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
import { RedemptionReader } from './webhooks/redemption-reader.js';
import { WebhookInbox } from './webhooks/webhook-inbox.js';

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

/** What keeps and processes Stripe's events: for the server, and for the commands that replay and backfill. */
@Module({
  imports: [AffiliatesModule, ReferralsModule, CommissionsModule, PayoutsModule],
  providers: [
    WebhookInbox,
    ClaimedEvents,
    EventProcessor,
    EventReader,
    EventReplay,
    PaymentReader,
    RedemptionReader,
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
  exports: [WebhookInbox, ClaimedEvents, EventProcessor, EventReplay, EventBackfill, EventErasure, RedemptionReader],
})
export class StripeEventsModule {}
