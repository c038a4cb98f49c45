import { Controller, Delete, Get, HttpCode, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Affiliate } from '@prisma/client';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentAffiliate } from '../affiliates/current-affiliate.js';
import { AffiliateScope, CurrentPrincipal } from '../auth/access.js';
import { DashboardSessions } from '../auth/dashboard-sessions.service.js';
import { SessionCookie } from '../auth/session-cookie.js';
import { Config } from '../config/config.js';
import { NoBody } from '../http/no-body.js';
import type { KnownPrincipal } from '../http/principal.js';
import { SessionDto } from './session.dto.js';

@ApiTags('Me')
@AffiliateScope()
@Controller('v1/me/session')
export class MySessionController {
  private readonly cookie: SessionCookie;

  constructor(
    private readonly sessions: DashboardSessions,
    config: Config,
  ) {
    this.cookie = new SessionCookie(config, 'fs_dashboard');
  }

  /** What the caller is known by, and until when. */
  @Get()
  get(@CurrentAffiliate() _affiliate: Affiliate, @CurrentPrincipal() { by, expiresAt }: KnownPrincipal): SessionDto {
    return { kind: by, expiresAt: expiresAt.toISOString() };
  }

  /** Ends the session of the browser's cookie. A token is not ended by it: it runs out by itself. */
  @Delete()
  @HttpCode(204)
  async end(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @NoBody() _nothing: undefined,
  ): Promise<void> {
    const token = this.cookie.read(request);
    if (token === undefined) return;
    await this.sessions.end(token);
    this.cookie.clear(reply);
  }
}
