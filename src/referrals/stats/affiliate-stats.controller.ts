import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AffiliatesService } from '../../affiliates/affiliates.service.js';
import { HostScope } from '../../auth/access.js';
import { StatsDto, StatsQuery } from './stats.dto.js';
import { StatsService } from './stats.service.js';

@ApiTags('Affiliates')
@HostScope()
@Controller('v1/affiliates')
export class AffiliateStatsController {
  constructor(
    private readonly affiliates: AffiliatesService,
    private readonly stats: StatsService,
  ) {}

  /** Clicks, signups and conversions over a range of days; the last 30 by default. */
  @Get(':id/stats')
  async get(@Param('id') id: string, @Query() query: StatsQuery): Promise<StatsDto> {
    const affiliate = await this.affiliates.getById(id);
    return this.stats.forAffiliate(affiliate.id, query);
  }
}
