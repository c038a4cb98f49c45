import { Module } from '@nestjs/common';
import { CommissionsController } from './commissions.controller.js';
import { MyCommissionsController } from './my-commissions.controller.js';
import { AffiliatesModule } from '../affiliates/affiliates.module.js';
import { CommissionsModule } from './commissions.module.js';

/** The routes of commissions and balances. */
@Module({
  imports: [AffiliatesModule, CommissionsModule],
  controllers: [CommissionsController, MyCommissionsController],
})
export class CommissionsApiModule {}
