import type { Readable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HostScope } from '../auth/access.js';
import { answerWithFile } from '../http/download.js';
import { ApiFormats } from '../http/formats.js';
import { Idempotency } from '../http/idempotency.js';
import { PageQuery } from '../http/page-query.dto.js';
import { PayoutPreviewService } from './preview/payout-preview.service.js';
import { PreviewBody, PreviewDto, PreviewQuery } from './preview/preview.dto.js';
import { PayoutQueries } from './payout-queries.js';
import { PayoutDto, PayoutPageDto, PayoutRunDto, PayoutRunPageDto, PayoutsQuery } from './payout.dto.js';

@ApiTags('Payouts')
@HostScope()
@Controller('v1')
export class PayoutsController {
  constructor(
    private readonly queries: PayoutQueries,
    private readonly previews: PayoutPreviewService,
    private readonly idempotency: Idempotency,
  ) {}

  /** List payouts, newest first; as a file, all that match. */
  @Get('payouts')
  @ApiFormats(PayoutPageDto, ['csv'])
  async list(
    @Query() query: PayoutsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PayoutPageDto | Readable> {
    if (query.format === 'json') return this.queries.listPayouts(query);
    answerWithFile(reply, 'payouts', 'csv');
    return this.queries.payoutsCsv(query);
  }

  /** Read a payout. */
  @Get('payouts/:id')
  get(@Param('id') id: string): Promise<PayoutDto> {
    return this.queries.getPayout(id);
  }

  /** List payout runs, newest first. */
  @Get('payout-runs')
  listRuns(@Query() query: PageQuery): Promise<PayoutRunPageDto> {
    return this.queries.listRuns(query);
  }

  /** Read the run of a month such as `2026-12`. */
  @Get('payout-runs/:period')
  getRun(@Param('period') period: string): Promise<PayoutRunDto> {
    return this.queries.getRun(period);
  }

  /**
   * See who would be paid what, who would not and why, and what changed since the last run. Writes nothing, but for the
   * answer under its key. The file takes no key: it is made while it is read.
   */
  @Post('payout-runs/preview')
  @HttpCode(200)
  @ApiFormats(PreviewDto, ['csv'])
  async preview(
    @Body() body: PreviewBody,
    @Query() { format }: PreviewQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PreviewDto | Readable> {
    const options = { period: body.period, asOf: body.asOf ? new Date(body.asOf) : undefined };
    if (format === 'json') {
      return this.idempotency.runReading(request, reply, async () => ({
        status: 200,
        body: await this.previews.preview(options),
      }));
    }
    const plan = await this.previews.plan(options);
    answerWithFile(reply, `payout-preview-${plan.period}`, 'csv');
    return this.previews.csv(plan);
  }
}
