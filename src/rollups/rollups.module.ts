import { Module } from '@nestjs/common';
import { RollupsService } from './rollups.service.js';

/** The sums that are kept beside what they sum up: compares them, mends them, and lets old clicks go. */
@Module({
  providers: [RollupsService],
  exports: [RollupsService],
})
export class RollupsModule {}
