import type { Readable } from 'node:stream';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Affiliate } from '@prisma/client';
import type { FastifyReply } from 'fastify';
import { CurrentAffiliate } from '../affiliates/current-affiliate.js';
import { AffiliateScope } from '../auth/access.js';
import { answerWithFile } from '../http/download.js';
import { ApiFormats } from '../http/formats.js';
import { DecisionsService } from './attribution/decisions.service.js';
import { MyDecisionPageDto, MyDecisionsQuery } from './attribution/my-decision.dto.js';
import { MyReferralsQuery, ReferralPageDto } from './referral.dto.js';
import { ReferralsService } from './referrals.service.js';
import { StatsDto, StatsQuery } from './stats/stats.dto.js';
import { StatsService } from './stats/stats.service.js';
import { SubIdsDto, SubIdsQuery } from './stats/sub-ids.dto.js';
import { SubIdsService } from './stats/sub-ids.service.js';

@ApiTags('Me')
@AffiliateScope()
@Controller('v1/me')
export class MyReferralsController {
  constructor(
    private readonly referrals: ReferralsService,
    private readonly decisions: DecisionsService,
    private readonly stats: StatsService,
    private readonly subIds: SubIdsService,
  ) {}

  /** The calling affiliate's referrals, newest first, and who they are masked; as a file, all that match. */
  @Get('referrals')
  @ApiFormats(ReferralPageDto, ['csv'])
  async listReferrals(
    @CurrentAffiliate() affiliate: Affiliate,
    @Query() query: MyReferralsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReferralPageDto | Readable> {
    const own = { ...query, affiliateId: affiliate.id };
    if (query.format === 'json') return this.referrals.listMasked(own);
    answerWithFile(reply, 'referrals', 'csv');
    return this.referrals.csvMasked(own);
  }

  /** Signups by the calling affiliate's links that were not credited, newest first, and why; as a file, all that match. */
  @Get('attribution-decisions')
  @ApiFormats(MyDecisionPageDto, ['csv'])
  async listRefusals(
    @CurrentAffiliate() affiliate: Affiliate,
    @Query() query: MyDecisionsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<MyDecisionPageDto | Readable> {
    if (query.format === 'json') return this.decisions.listRefusals(affiliate.id, query);
    answerWithFile(reply, 'signups-not-credited', 'csv');
    return this.decisions.refusalsCsv(affiliate.id);
  }

  /** The calling affiliate's clicks, signups and conversions over a range of days; the last 30 by default. */
  @Get('stats')
  getStats(@CurrentAffiliate() affiliate: Affiliate, @Query() query: StatsQuery): Promise<StatsDto> {
    return this.stats.forAffiliate(affiliate.id, query);
  }

  /** Which of the calling affiliate's own notes on links (`?sub=`) brought the most clicks. */
  @Get('sub-ids')
  async listSubIds(@CurrentAffiliate() affiliate: Affiliate, @Query() { limit }: SubIdsQuery): Promise<SubIdsDto> {
    return { data: await this.subIds.top(affiliate.id, limit) };
  }
}
