import type { Readable } from 'node:stream';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { HostScope } from '../../auth/access.js';
import { ApiFormats } from '../../http/formats.js';
import { PayoutStatementsService } from './payout-statements.service.js';
import { answerWithStatement } from './statement-answer.js';
import { StatementDto, StatementQuery } from './statement.dto.js';

@ApiTags('Payouts')
@HostScope()
@Controller('v1/payouts/:id/statement')
export class PayoutStatementsController {
  constructor(private readonly statements: PayoutStatementsService) {}

  /** What a payout was paid for: every posting in it, in words and to the cent. Also as CSV, and as PDF to file. */
  @Get()
  @ApiFormats(StatementDto, ['csv', 'pdf'])
  get(
    @Param('id') id: string,
    @Query() query: StatementQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatementDto | Readable | Buffer> {
    return answerWithStatement(this.statements, reply, id, query, {});
  }
}
