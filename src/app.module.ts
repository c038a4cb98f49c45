import { Module, type DynamicModule } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AffiliatesModule } from './affiliates/affiliates.module.js';
import { AuthModule } from './auth/auth.module.js';
import { Clock } from './common/clock.js';
import { CommonModule } from './common/common.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Config } from './config/config.js';
import { DatabaseModule } from './database/database.module.js';
import { HttpModule } from './http/http.module.js';

export interface AppOptions {
  config: Config;
  /** What the app's own role connects with. */
  databaseUrl: string;
  /** Another one than the system's: tests and the demo let months pass. */
  clock?: Clock;
}

@Module({})
export class AppModule {
  static with({ config, databaseUrl, clock }: AppOptions): DynamicModule {
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
        AffiliatesModule,
      ],
    };
  }
}
