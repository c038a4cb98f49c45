import { Module } from '@nestjs/common';
import { AffiliateCodes, CodeSuffixes } from './codes/affiliate-codes.js';
import { AffiliatesController } from './affiliates.controller.js';
import { AffiliatesService } from './affiliates.service.js';
import { MeController } from './me.controller.js';
import { OnboardingController } from './onboarding/onboarding.controller.js';
import { OnboardingService } from './onboarding/onboarding.service.js';
import { PlansController } from './plans/plans.controller.js';
import { PlansService } from './plans/plans.service.js';

/** Who refers others, under which code, by which terms. Needs AccountGateway and AffiliateIpRecorder, bound by others. */
@Module({
  controllers: [AffiliatesController, MeController, PlansController, OnboardingController],
  providers: [AffiliatesService, AffiliateCodes, CodeSuffixes, PlansService, OnboardingService],
  exports: [AffiliatesService, PlansService, OnboardingService],
})
export class AffiliatesModule {}
