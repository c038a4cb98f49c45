import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HostScope } from '../../auth/access.js';
import { OnboardingLinks } from './onboarding-links.service.js';
import { CreateOnboardingLinkDto, OnboardingDto, OnboardingLinkDto } from './onboarding.dto.js';
import { OnboardingService } from './onboarding.service.js';

@ApiTags('Affiliates')
@HostScope()
@Controller('v1/affiliates/:id')
export class OnboardingController {
  constructor(
    private readonly onboarding: OnboardingService,
    private readonly links: OnboardingLinks,
  ) {}

  /**
   * How far an affiliate is with Stripe: whether it can be paid, and what is missing for it. Shows what Stripe last said,
   * at `checkedAt`: Stripe is asked whenever it reports a change, before each payout, and daily in any case.
   */
  @Get('onboarding')
  get(@Param('id') id: string): Promise<OnboardingDto> {
    return this.onboarding.get(id);
  }

  /** A new link to Stripe's onboarding, good for one visit. Makes the Stripe account on first use, once. */
  @Post('onboarding-links')
  createLink(@Param('id') id: string, @Body() body: CreateOnboardingLinkDto): Promise<OnboardingLinkDto> {
    return this.links.create(id, body);
  }
}
