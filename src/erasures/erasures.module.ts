import { Module } from '@nestjs/common';
import { AffiliatesModule } from '../affiliates/affiliates.module.js';
import { MailModule } from '../mail/mail.module.js';
import { ReferralsModule } from '../referrals/referrals.module.js';
import { StripeEventsModule } from '../stripe/stripe-events.module.js';
import { ErasureWorker } from './erasure-worker.js';
import { ErasuresController } from './erasures.controller.js';
import { ErasuresService } from './erasures.service.js';
import { StoredTexts } from './stored-texts.js';

/** Persons who want to be forgotten. For the server: commands have no use for it. */
@Module({
  imports: [AffiliatesModule, ReferralsModule, StripeEventsModule, MailModule],
  controllers: [ErasuresController],
  providers: [ErasuresService, ErasureWorker, StoredTexts],
})
export class ErasuresModule {}
