import { Module } from '@nestjs/common';
import { ReviewCasesController } from './review-cases.controller.js';
import { FraudModule } from './fraud.module.js';

/** The routes of review cases. */
@Module({
  imports: [FraudModule],
  controllers: [ReviewCasesController],
})
export class FraudApiModule {}
