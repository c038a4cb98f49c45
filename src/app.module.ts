import { Module, type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import { AffiliatesModule } from './affiliates/affiliates.module.js';
import { AuditModule } from './audit/audit.module.js';
import { CommissionsModule } from './commissions/commissions.module.js';
import { Clock } from './common/clock.js';
import { CommonModule } from './common/common.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Config } from './config/config.js';
import { DatabaseModule } from './database/database.module.js';
import { EventsModule } from './events/events.module.js';
import { FraudModule } from './fraud/fraud.module.js';
import { HttpModule } from './http/http.module.js';
import { PayoutsModule } from './payouts/payouts.module.js';
import { ReferralsModule } from './referrals/referrals.module.js';
import type { StripeConnection } from './stripe/stripe-connection.js';
import { StripeGatewaysModule } from './stripe/stripe-gateways.module.js';

export interface AppOptions {
  config: Config;
  /** What the app's own role connects with. */
  databaseUrl: string;
  /** How long a statement may take; for ever unless told. */
  statementTimeoutMs?: number;
  /** Stripe itself, or the emulator in its place. */
  stripe: StripeConnection;
  /** Another one than the system's: tests and the demo let months pass. */
  clock?: Clock;
  /**
   * What is built on the modules that every process has: a server's routes and background work (server-modules.ts), none
   * for commands. Loaded by whoever starts the process, since it takes more memory than all the rest.
   */
  parts?: NonNullable<ModuleMetadata['imports']>;
}

@Module({})
export class AppModule {
  static with({ config, databaseUrl, statementTimeoutMs, stripe, clock, parts = [] }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        // A provider given here stands in for the module's own.
        { module: CommonModule, providers: clock ? [{ provide: Clock, useValue: clock }] : [] },
        ConfigModule.with(config),
        DatabaseModule.connect(databaseUrl, config.databaseReplicaUrl, statementTimeoutMs),
        HttpModule,
        AuditModule,
        EventsModule,
        StripeGatewaysModule.connect(stripe),
        AffiliatesModule,
        ReferralsModule,
        FraudModule,
        CommissionsModule,
        PayoutsModule,
        ...parts,
      ],
    };
  }
}
