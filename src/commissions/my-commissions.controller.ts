import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Affiliate } from '@prisma/client';
import { CurrentAffiliate } from '../affiliates/current-affiliate.js';
import { AffiliateScope } from '../auth/access.js';
import { CommissionQueries } from './commission-queries.js';
import { BalancesDto, CommissionDto, CommissionPageDto, MyCommissionsQuery } from './commission.dto.js';

@ApiTags('Me')
@AffiliateScope()
@Controller('v1/me')
export class MyCommissionsController {
  constructor(private readonly queries: CommissionQueries) {}

  /** The calling affiliate's money, one row per currency. */
  @Get('balance')
  balance(@CurrentAffiliate() affiliate: Affiliate): Promise<BalancesDto> {
    return this.queries.balances(affiliate.id);
  }

  /** The calling affiliate's commissions, newest first. */
  @Get('commissions')
  list(@CurrentAffiliate() affiliate: Affiliate, @Query() query: MyCommissionsQuery): Promise<CommissionPageDto> {
    return this.queries.list({ ...query, affiliateId: affiliate.id });
  }

  /** One of the calling affiliate's commissions, with the working behind its amount. */
  @Get('commissions/:id')
  get(@CurrentAffiliate() affiliate: Affiliate, @Param('id') id: string): Promise<CommissionDto> {
    return this.queries.get(id, affiliate.id);
  }
}
