import type { Readable } from 'node:stream';
import { Body, Controller, Get, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HostScope } from '../auth/access.js';
import { answerWithFile } from '../http/download.js';
import { ApiFormats } from '../http/formats.js';
import { Idempotency } from '../http/idempotency.js';
import { AttributionService } from './attribution/attribution.service.js';
import { AttributionDto } from './attribution/attribution.dto.js';
import { SignupGroups } from './attribution/signup-groups.service.js';
import { CreateReferralDto, ReferralDto, ReferralPageDto, ReferralsQuery, UpdateReferralDto } from './referral.dto.js';
import { ReferralsService } from './referrals.service.js';

@ApiTags('Referrals')
@HostScope()
@Controller('v1/referrals')
export class ReferralsController {
  constructor(
    private readonly referrals: ReferralsService,
    private readonly attribution: AttributionService,
    private readonly signups: SignupGroups,
    private readonly idempotency: Idempotency,
  ) {}

  /** Reports a signup. 201: an affiliate is credited; 200: credited before, or not, and why. */
  @Post()
  @ApiResponse({ status: 201, type: AttributionDto, description: 'The affiliate is credited.' })
  @ApiResponse({
    status: 200,
    type: AttributionDto,
    description: 'Credited to this affiliate before, or refused: see reason.',
  })
  async create(
    @Body() body: CreateReferralDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AttributionDto> {
    const signup = await this.attribution.prepare(body);
    return this.idempotency.runTogether(request, reply, (claim) => this.signups.attribute(signup, claim));
  }

  /** Referrals, newest first; as a file, all that match. */
  @Get()
  @ApiFormats(ReferralPageDto, ['csv'])
  async list(
    @Query() query: ReferralsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReferralPageDto | Readable> {
    if (query.format === 'json') return this.referrals.list(query);
    answerWithFile(reply, 'referrals', 'csv');
    return this.referrals.csv(query);
  }

  /** The referral of a user of the host. */
  @Get('by-user/:referredUserId')
  getByUser(@Param('referredUserId') referredUserId: string): Promise<ReferralDto> {
    return this.referrals.getByUser(referredUserId);
  }

  @Get(':id')
  get(@Param('id') id: string): Promise<ReferralDto> {
    return this.referrals.get(id);
  }

  /** Binds the Stripe customer whose invoices earn; null unbinds. */
  @Patch(':id')
  update(@Param('id') id: string, @Body() body: UpdateReferralDto): Promise<ReferralDto> {
    return this.referrals.update(id, body);
  }
}
