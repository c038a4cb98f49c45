import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HostScope } from '../../auth/access.js';
import { Idempotency } from '../../http/idempotency.js';
import { PageQuery } from '../../http/page-query.dto.js';
import { CreatePlanDto, PlanDto, PlanPageDto, PlanTermsDto } from './plan.dto.js';
import { PlansService } from './plans.service.js';

@ApiTags('Plans')
@HostScope()
@Controller('v1/plans')
export class PlansController {
  constructor(
    private readonly plans: PlansService,
    private readonly idempotency: Idempotency,
  ) {}

  /** Plans with the terms that are in force now. */
  @Get()
  list(@Query() query: PageQuery): Promise<PlanPageDto> {
    return this.plans.list(query);
  }

  /** Makes a plan, with its first terms. */
  @Post()
  create(
    @Body() body: CreatePlanDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PlanDto> {
    return this.idempotency.run(request, reply, (tx) => this.plans.create(tx, body));
  }

  /** New terms from now on. What was earned before stays as it is, and a referral keeps the terms of its day. */
  @Post(':id/versions')
  createVersion(
    @Param('id') id: string,
    @Body() body: PlanTermsDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PlanDto> {
    return this.idempotency.run(request, reply, (tx) => this.plans.createVersion(tx, id, body));
  }
}
