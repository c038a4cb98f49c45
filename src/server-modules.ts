import type { Type } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AffiliatesApiModule } from './affiliates/affiliates-api.module.js';
import type { AppOptions } from './app.module.js';
import { AuthModule } from './auth/auth.module.js';
import { CommissionsApiModule } from './commissions/commissions-api.module.js';
import { DashboardModule } from './dashboard/dashboard.module.js';
import { ErasuresModule } from './erasures/erasures.module.js';
import { EventsApiModule } from './events/events-api.module.js';
import { WebhooksModule } from './events/webhooks/webhooks.module.js';
import { FraudApiModule } from './fraud/fraud-api.module.js';
import { HealthModule } from './http/health.module.js';
import { MailModule } from './mail/mail.module.js';
import { PayoutsApiModule } from './payouts/payouts-api.module.js';
import { PayoutSchedulerModule } from './payouts/runs/payout-scheduler.module.js';
import { ReferralsApiModule } from './referrals/referrals-api.module.js';
import { RollupSchedulerModule } from './rollups/rollup-scheduler.module.js';
import { SnippetModule } from './snippet/snippet.module.js';
import { StaffModule } from './staff/staff.module.js';
import { StripeEventsModule } from './stripe/stripe-events.module.js';
import { StripeModule } from './stripe/stripe.module.js';

export interface ServerOptions {
  /** Whether this process also does the background work: Stripe's events, payout runs, clean-up. True unless told. */
  background?: boolean;
  /**
   * Whether the system's clock starts that part of it that comes round by the minute or the hour. True unless told: where
   * time stands still, in a test, nothing happens before somebody asks for it.
   */
  cronJobs?: boolean;
  /** The admin panel, where this process serves it. */
  adminPanel?: Type;
}

/** What makes a server of the modules that commands have too: its routes, and the work that it does by itself. */
export function serverModules({
  background = true,
  cronJobs = true,
  adminPanel,
}: ServerOptions): NonNullable<AppOptions['parts']> {
  return [
    AuthModule,
    HealthModule,
    StaffModule,
    StripeEventsModule,
    EventsApiModule,
    WebhooksModule,
    AffiliatesApiModule,
    ReferralsApiModule,
    FraudApiModule,
    CommissionsApiModule,
    PayoutsApiModule,
    DashboardModule,
    SnippetModule,
    ...(background
      ? [
          ScheduleModule.forRoot({ cronJobs }),
          StripeModule,
          PayoutSchedulerModule,
          ErasuresModule,
          MailModule,
          RollupSchedulerModule,
        ]
      : []),
    ...(adminPanel ? [adminPanel] : []),
  ];
}
