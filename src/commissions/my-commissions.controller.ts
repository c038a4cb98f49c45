import type { Readable } from 'node:stream';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Affiliate } from '@prisma/client';
import type { FastifyReply } from 'fastify';
import { CurrentAffiliate } from '../affiliates/current-affiliate.js';
import { AffiliateScope } from '../auth/access.js';
import { answerWithFile } from '../http/download.js';
import { ApiFormats } from '../http/formats.js';
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

  /** The calling affiliate's commissions, newest first; as a file, all that match. */
  @Get('commissions')
  @ApiFormats(CommissionPageDto, ['csv'])
  async list(
    @CurrentAffiliate() affiliate: Affiliate,
    @Query() query: MyCommissionsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CommissionPageDto | Readable> {
    const own = { ...query, affiliateId: affiliate.id };
    if (query.format === 'json') return this.queries.list(own);
    answerWithFile(reply, 'commissions', 'csv');
    return this.queries.csv(own);
  }

  /** One of the calling affiliate's commissions, with the working behind its amount. */
  @Get('commissions/:id')
  get(@CurrentAffiliate() affiliate: Affiliate, @Param('id') id: string): Promise<CommissionDto> {
    return this.queries.get(id, affiliate.id);
  }
}
