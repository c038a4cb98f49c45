import type { Readable } from 'node:stream';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Affiliate } from '@prisma/client';
import type { FastifyReply } from 'fastify';
import { CurrentAffiliate } from '../affiliates/current-affiliate.js';
import { AffiliateScope } from '../auth/access.js';
import { answerWithFile } from '../http/download.js';
import { ApiFormats } from '../http/formats.js';
import { PayoutQueries } from './payout-queries.js';
import { MyPayoutsQuery, PayoutPageDto } from './payout.dto.js';

@ApiTags('Me')
@AffiliateScope()
@Controller('v1/me/payouts')
export class MyPayoutsController {
  constructor(private readonly queries: PayoutQueries) {}

  /** The calling affiliate's payouts, newest first; as a file, all that match. */
  @Get()
  @ApiFormats(PayoutPageDto, ['csv'])
  async list(
    @CurrentAffiliate() affiliate: Affiliate,
    @Query() query: MyPayoutsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PayoutPageDto | Readable> {
    const own = { ...query, affiliateId: affiliate.id };
    if (query.format === 'json') return this.queries.listPayouts(own);
    answerWithFile(reply, 'payouts', 'csv');
    return this.queries.payoutsCsv(own);
  }
}
