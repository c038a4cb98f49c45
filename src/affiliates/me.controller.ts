import { Body, Controller, Get, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Affiliate } from '@prisma/client';
import { AffiliateScope } from '../auth/access.js';
import { AffiliateDto } from './affiliate.dto.js';
import { AffiliatesService } from './affiliates.service.js';
import { CurrentAffiliate } from './current-affiliate.js';
import { CreateOnboardingLinkDto, OnboardingLinkDto } from './onboarding/onboarding.dto.js';
import { OnboardingService } from './onboarding/onboarding.service.js';

@ApiTags('Me')
@AffiliateScope()
@Controller('v1/me')
export class MeController {
  constructor(
    private readonly affiliates: AffiliatesService,
    private readonly onboarding: OnboardingService,
  ) {}

  /** The calling affiliate. */
  @Get()
  get(@CurrentAffiliate() affiliate: Affiliate): Promise<AffiliateDto> {
    return this.affiliates.get(affiliate.id);
  }

  /** A new link to Stripe's onboarding, good for one visit. */
  @Post('onboarding-links')
  createOnboardingLink(
    @CurrentAffiliate() affiliate: Affiliate,
    @Body() body: CreateOnboardingLinkDto,
  ): Promise<OnboardingLinkDto> {
    return this.onboarding.createLink(affiliate.id, body);
  }
}
