import type { Readable } from 'node:stream';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Affiliate } from '@prisma/client';
import type { FastifyReply } from 'fastify';
import { CurrentAffiliate } from '../../affiliates/current-affiliate.js';
import { AffiliateScope } from '../../auth/access.js';
import { ApiFormats } from '../../http/formats.js';
import { PayoutStatementsService } from './payout-statements.service.js';
import { answerWithStatement } from './statement-answer.js';
import { StatementDto, StatementQuery } from './statement.dto.js';

@ApiTags('Me')
@AffiliateScope()
@Controller('v1/me/payouts/:id/statement')
export class MyPayoutStatementsController {
  constructor(private readonly statements: PayoutStatementsService) {}

  /** What one of the calling affiliate's payouts was paid for. Also as CSV, and as PDF to file. */
  @Get()
  @ApiFormats(StatementDto, ['csv', 'pdf'])
  get(
    @CurrentAffiliate() affiliate: Affiliate,
    @Param('id') id: string,
    @Query() query: StatementQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatementDto | Readable | Buffer> {
    return answerWithStatement(this.statements, reply, id, query, { affiliateId: affiliate.id });
  }
}
