import { Module, type DynamicModule } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AffiliatesModule } from './affiliates/affiliates.module.js';
import { AuthModule } from './auth/auth.module.js';
import { CommissionsModule } from './commissions/commissions.module.js';
import { Clock } from './common/clock.js';
import { CommonModule } from './common/common.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Config } from './config/config.js';
import { DatabaseModule } from './database/database.module.js';
import { HttpModule } from './http/http.module.js';
import { ReferralsModule } from './referrals/referrals.module.js';

export interface AppOptions {
  config: Config;
  /** What the app's own role connects with. */
  databaseUrl: string;
  /** Binds the ports to Stripe: the real one, the emulator, or a test's fakes. */
  gateways: DynamicModule;
  /** Another one than the system's: tests and the demo let months pass. */
  clock?: Clock;
}

@Module({})
export class AppModule {
  static with({ config, databaseUrl, gateways, clock }: AppOptions): DynamicModule {
    return {
      module: AppModule,
      imports: [
        // A provider given here stands in for the module's own.
        { module: CommonModule, providers: clock ? [{ provide: Clock, useValue: clock }] : [] },
        ConfigModule.with(config),
        DatabaseModule.connect(databaseUrl),
        ScheduleModule.forRoot(),
        HttpModule,
        AuthModule,
        gateways,
        AffiliatesModule,
        ReferralsModule,
        CommissionsModule,
      ],
    };
  }
}
