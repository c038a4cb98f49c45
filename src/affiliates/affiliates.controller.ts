import { Body, Controller, Get, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HostScope } from '../auth/access.js';
import { Idempotency } from '../http/idempotency.js';
import {
  AffiliateDto,
  AffiliatePageDto,
  AffiliatesQuery,
  CreateAffiliateDto,
  UpdateAffiliateDto,
} from './affiliate.dto.js';
import { AffiliatesService } from './affiliates.service.js';

@ApiTags('Affiliates')
@HostScope()
@Controller('v1/affiliates')
export class AffiliatesController {
  constructor(
    private readonly affiliates: AffiliatesService,
    private readonly idempotency: Idempotency,
  ) {}

  /** Makes a user of the host an affiliate. */
  @Post()
  create(
    @Body() body: CreateAffiliateDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AffiliateDto> {
    return this.idempotency.run(request, reply, (tx) => this.affiliates.create(tx, body));
  }

  /** Affiliates, newest first. */
  @Get()
  list(@Query() query: AffiliatesQuery): Promise<AffiliatePageDto> {
    return this.affiliates.list(query);
  }

  /** An affiliate. */
  @Get(':id')
  get(@Param('id') id: string): Promise<AffiliateDto> {
    return this.affiliates.get(id);
  }

  /** Changes the fields that are given. */
  @Patch(':id')
  update(@Param('id') id: string, @Body() body: UpdateAffiliateDto): Promise<AffiliateDto> {
    return this.affiliates.update(id, body);
  }
}
