import { Module } from '@nestjs/common';
import { ReviewCases } from './review-cases.service.js';

/** What must not go on by itself: findings that wait for staff. */
@Module({
  providers: [ReviewCases],
  exports: [ReviewCases],
})
export class FraudModule {}
