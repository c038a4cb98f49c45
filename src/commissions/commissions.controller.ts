import type { Readable } from 'node:stream';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AffiliatesService } from '../affiliates/affiliates.service.js';
import { HostScope } from '../auth/access.js';
import { answerWithFile } from '../http/download.js';
import { ApiFormats } from '../http/formats.js';
import { CommissionQueries } from './commission-queries.js';
import { BalancesDto, CommissionDto, CommissionPageDto, CommissionsQuery } from './commission.dto.js';

@ApiTags('Commissions')
@HostScope()
@Controller('v1')
export class CommissionsController {
  constructor(
    private readonly queries: CommissionQueries,
    private readonly affiliates: AffiliatesService,
  ) {}

  /** List commissions, newest first; as a file, all that match. */
  @Get('commissions')
  @ApiFormats(CommissionPageDto, ['csv'])
  async list(
    @Query() query: CommissionsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CommissionPageDto | Readable> {
    if (query.format === 'json') return this.queries.list(query);
    answerWithFile(reply, 'commissions', 'csv');
    return this.queries.csv(query);
  }

  /** Read a commission with the working behind its amount. */
  @Get('commissions/:id')
  get(@Param('id') id: string): Promise<CommissionDto> {
    return this.queries.get(id);
  }

  /** An affiliate's money, one row per currency. */
  @Get('affiliates/:id/balance')
  async balance(@Param('id') id: string): Promise<BalancesDto> {
    const affiliate = await this.affiliates.getById(id);
    return this.queries.balances(affiliate.id);
  }
}
