import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Affiliate } from '@prisma/client';
import { CurrentAffiliate } from '../../affiliates/current-affiliate.js';
import { AffiliateScope } from '../../auth/access.js';
import { OverviewDto } from './overview.dto.js';
import { OverviewService } from './overview.service.js';

@ApiTags('Me')
@AffiliateScope()
@Controller('v1/me/overview')
export class MyOverviewController {
  constructor(private readonly overview: OverviewService) {}

  /** All that the first page of the dashboard shows: who, how many, how much, what is paid next and what is missing for it. */
  @Get()
  get(@CurrentAffiliate() affiliate: Affiliate): Promise<OverviewDto> {
    return this.overview.get(affiliate);
  }
}
