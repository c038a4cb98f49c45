import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Affiliate } from '@prisma/client';
import { CurrentAffiliate } from '../affiliates/current-affiliate.js';
import { AffiliateScope } from '../auth/access.js';
import { MyReferralsQuery, ReferralPageDto } from './referral.dto.js';
import { ReferralsService } from './referrals.service.js';
import { StatsDto, StatsQuery } from './stats/stats.dto.js';
import { StatsService } from './stats/stats.service.js';

@ApiTags('Me')
@AffiliateScope()
@Controller('v1/me')
export class MyReferralsController {
  constructor(
    private readonly referrals: ReferralsService,
    private readonly stats: StatsService,
  ) {}

  /** The calling affiliate's referrals, newest first; who they are is masked. */
  @Get('referrals')
  listReferrals(@CurrentAffiliate() affiliate: Affiliate, @Query() query: MyReferralsQuery): Promise<ReferralPageDto> {
    return this.referrals.listForAffiliate(affiliate.id, query);
  }

  /** The calling affiliate's clicks, signups and conversions over a range of days; the last 30 by default. */
  @Get('stats')
  getStats(@CurrentAffiliate() affiliate: Affiliate, @Query() query: StatsQuery): Promise<StatsDto> {
    return this.stats.forAffiliate(affiliate.id, query);
  }
}
