import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AffiliatesModule } from './affiliates/affiliates.module.js';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import { CommissionsModule } from './commissions/commissions.module.js';
import { Clock } from './common/clock.js';
import { CommonModule } from './common/common.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Config } from './config/config.js';
import { DashboardModule } from './dashboard/dashboard.module.js';
import { DatabaseModule } from './database/database.module.js';
import { ErasuresModule } from './erasures/erasures.module.js';
import { EventsModule } from './events/events.module.js';
import { FraudModule } from './fraud/fraud.module.js';
import { HttpModule } from './http/http.module.js';
import { PayoutSchedulerModule } from './payouts/runs/payout-scheduler.module.js';
import { PayoutsModule } from './payouts/payouts.module.js';
import { ReferralsModule } from './referrals/referrals.module.js';
import { SnippetModule } from './snippet/snippet.module.js';
import { StaffModule } from './staff/staff.module.js';
import type { StripeConnection } from './stripe/stripe-connection.js';
import { StripeEventsModule, StripeGatewaysModule, StripeModule } from './stripe/stripe.module.js';

export interface AppOptions {
  config: Config;
  /** What the app's own role connects with. */
  databaseUrl: string;
  /** Stripe itself, or the emulator in its place. */
  stripe: StripeConnection;
  /** Another one than the system's: tests and the demo let months pass. */
  clock?: Clock;
  /** Whether this process also does the background work: Stripe's events, payout runs, clean-up. Commands do not. */
  background?: boolean;
  /** The admin panel, where this process serves it. Loaded by whoever starts the process, since it takes so much memory. */
  adminPanel?: Type;
}

@Module({})
export class AppModule {
  static with({ config, databaseUrl, stripe, clock, background = true, adminPanel }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        // A provider given here stands in for the module's own.
        { module: CommonModule, providers: clock ? [{ provide: Clock, useValue: clock }] : [] },
        ConfigModule.with(config),
        DatabaseModule.connect(databaseUrl),
        HttpModule,
        AuthModule,
        AuditModule,
        EventsModule,
        StaffModule,
        StripeGatewaysModule.connect(stripe),
        AffiliatesModule,
        ReferralsModule,
        FraudModule,
        CommissionsModule,
        PayoutsModule,
        StripeEventsModule,
        DashboardModule,
        SnippetModule,
        ...(background ? [ScheduleModule.forRoot(), StripeModule, PayoutSchedulerModule, ErasuresModule] : []),
        ...(adminPanel ? [adminPanel] : []),
      ],
    };
  }
}
