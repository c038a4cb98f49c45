import { Body, Controller, Get, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Affiliate } from '@prisma/client';
import { AffiliateScope, CurrentPrincipal } from '../../auth/access.js';
import type { KnownPrincipal } from '../../http/principal.js';
import { CurrentAffiliate } from '../current-affiliate.js';
import { OnboardingLinks } from './onboarding-links.service.js';
import { CreateOnboardingLinkDto, OnboardingDto, OnboardingLinkDto } from './onboarding.dto.js';
import { OnboardingService } from './onboarding.service.js';

@ApiTags('Me')
@AffiliateScope()
@Controller('v1/me')
export class MyOnboardingController {
  constructor(
    private readonly onboarding: OnboardingService,
    private readonly links: OnboardingLinks,
  ) {}

  /** How far the calling affiliate is with Stripe, as of `checkedAt`: whether it can be paid, and what is missing for it. */
  @Get('onboarding')
  get(@CurrentAffiliate() affiliate: Affiliate): Promise<OnboardingDto> {
    return this.onboarding.describe(affiliate);
  }

  /** A new link to Stripe's onboarding, good for one visit; from the dashboard's session it leads back to the dashboard. */
  @Post('onboarding-links')
  createLink(
    @CurrentAffiliate() affiliate: Affiliate,
    @CurrentPrincipal() { by }: KnownPrincipal,
    @Body() body: CreateOnboardingLinkDto,
  ): Promise<OnboardingLinkDto> {
    return this.links.create(affiliate.id, body, by === 'cookie' ? 'dashboard' : 'elsewhere');
  }
}
