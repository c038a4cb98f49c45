import { Body, Controller, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentPrincipal, HostScopeOrSnippet } from '../../auth/access.js';
import { Idempotency } from '../../http/idempotency.js';
import type { Principal } from '../../http/principal.js';
import { ClickDto, CreateClickDto } from './click.dto.js';
import { ClicksService } from './clicks.service.js';

const MAX_USER_AGENT_LENGTH = 512;

@ApiTags('Referrals')
@Controller('v1/clicks')
export class ClicksController {
  constructor(
    private readonly clicks: ClicksService,
    private readonly idempotency: Idempotency,
  ) {}

  /** Reports a visit through a referral link that led straight to a page of the host (`?ref=CODE`). */
  @Post()
  @HostScopeOrSnippet()
  create(
    @Body() body: CreateClickDto,
    @CurrentPrincipal() principal: Principal | null,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ClickDto> {
    if (principal?.scope === 'snippet') {
      const userAgent = request.headers['user-agent']?.slice(0, MAX_USER_AGENT_LENGTH) ?? null;
      return this.clicks.recordFromSnippet(body, { ip: request.ip, userAgent });
    }
    // Without a key nothing ties the click to a stored answer, and it can share its commit with others.
    if (request.headers['idempotency-key'] === undefined) return this.clicks.recordFromHost(body);
    return this.idempotency.run(request, reply, async (tx) => ({
      status: 201,
      body: await this.clicks.recordFromHost(body, tx),
    }));
  }
}
