import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Affiliate } from '@prisma/client';
import { CurrentAffiliate } from '../affiliates/current-affiliate.js';
import { AffiliateScope } from '../auth/access.js';
import { PayoutQueries } from './payout-queries.js';
import { MyPayoutsQuery, PayoutPageDto } from './payout.dto.js';

@ApiTags('Me')
@AffiliateScope()
@Controller('v1/me/payouts')
export class MyPayoutsController {
  constructor(private readonly queries: PayoutQueries) {}

  /** The calling affiliate's payouts, newest first. */
  @Get()
  list(@CurrentAffiliate() affiliate: Affiliate, @Query() query: MyPayoutsQuery): Promise<PayoutPageDto> {
    return this.queries.listPayouts({ ...query, affiliateId: affiliate.id });
  }
}
