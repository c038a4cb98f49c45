import { Module } from '@nestjs/common';
import { ClickRetention } from './click-retention.js';
import { NightlyComparison } from './nightly-comparison.js';
import { RollupsModule } from './rollups.module.js';

/** Apart from RollupsModule, because a command rebuilds without starting a schedule. */
@Module({
  imports: [RollupsModule],
  providers: [ClickRetention, NightlyComparison],
})
export class RollupSchedulerModule {}
