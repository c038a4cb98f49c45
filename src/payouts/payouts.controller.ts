import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HostScope } from '../auth/access.js';
import { PageQuery } from '../http/pagination.js';
import { PayoutPreviewService } from './preview/payout-preview.service.js';
import { PayoutQueries } from './payout-queries.js';
import {
  PayoutDto,
  PayoutPageDto,
  PayoutRunDto,
  PayoutRunPageDto,
  PayoutsQuery,
  PreviewBody,
  PreviewDto,
} from './payout.dto.js';

@ApiTags('Payouts')
@HostScope()
@Controller('v1')
export class PayoutsController {
  constructor(
    private readonly queries: PayoutQueries,
    private readonly previews: PayoutPreviewService,
  ) {}

  /** List payouts, newest first. */
  @Get('payouts')
  list(@Query() query: PayoutsQuery): Promise<PayoutPageDto> {
    return this.queries.listPayouts(query);
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

  /** See who would be paid what, and who would not and why. Writes nothing. */
  @Post('payout-runs/preview')
  @HttpCode(200)
  preview(@Body() body: PreviewBody): Promise<PreviewDto> {
    return this.previews.preview({ period: body.period, asOf: body.asOf ? new Date(body.asOf) : undefined });
  }
}
