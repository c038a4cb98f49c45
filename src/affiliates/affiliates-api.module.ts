import { Module } from '@nestjs/common';
import { AffiliatesController } from './affiliates.controller.js';
import { OnboardingController } from './onboarding/onboarding.controller.js';
import { NoticesController } from './notices/notices.controller.js';
import { MeController } from './me.controller.js';
import { MyOnboardingController } from './onboarding/my-onboarding.controller.js';
import { MyNoticesController } from './notices/my-notices.controller.js';
import { PlansController } from './plans/plans.controller.js';
import { OnboardingPagesController } from './onboarding/onboarding-pages.controller.js';
import { AffiliatesModule } from './affiliates.module.js';

/** The routes of affiliates, their plans, onboarding and notices. */
@Module({
  imports: [AffiliatesModule],
  controllers: [
    AffiliatesController,
    OnboardingController,
    NoticesController,
    MeController,
    MyOnboardingController,
    MyNoticesController,
    PlansController,
    OnboardingPagesController,
  ],
})
export class AffiliatesApiModule {}
