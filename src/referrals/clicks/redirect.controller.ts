import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Config } from '../../config/config.js';
import { isStorableText } from '../../http/json-body.js';
import { hasAdClickId } from './ad-click-ids.js';
import { RedirectService } from './redirect.service.js';

const MAX_USER_AGENT_LENGTH = 512;
const MAX_REFERRER_LENGTH = 2048;
const MAX_SUB_ID_LENGTH = 255;
const MAX_URL_LENGTH = 2048;

/** The referral link itself. Public, and the one route that must answer whatever it is sent. */
@ApiTags('Public')
@Controller('r')
export class RedirectController {
  private readonly cookieEnd: string;
  private readonly publicUrl: string;

  constructor(
    private readonly redirects: RedirectService,
    config: Config,
  ) {
    this.publicUrl = config.publicUrl;
    const maxAgeSeconds = Math.floor(config.attributionWindowMs / 1000);
    const secure = config.publicUrl.startsWith('https:') ? '; Secure' : '';
    this.cookieEnd = `; Max-Age=${maxAgeSeconds}; Path=/; HttpOnly; SameSite=Lax${secure}`;
  }

  @Get(':code')
  @ApiOperation({
    summary: 'Records a click and sends the visitor to the site, with ref and click_id added to the address.',
    description:
      'Unknown and inactive codes lead to the site without them. Bots and HEAD requests are redirected, not counted.',
  })
  @ApiParam({ name: 'code', type: String })
  @ApiQuery({
    name: 'to',
    type: String,
    required: false,
    description: 'A path of the site, or a URL of an allowed host; anything else is ignored.',
  })
  @ApiQuery({
    name: 'sub',
    type: String,
    required: false,
    description: "The affiliate's own note, kept as the click's subId.",
  })
  @ApiResponse({ status: 302, description: 'Sets the cookie fs_click when a click was recorded.' })
  async redirect(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { code } = request.params as { code: string };
    const query = request.query as Record<string, unknown>;
    const { headers } = request;
    const { location, clickId } = await this.redirects.redirect({
      code,
      to: typeof query['to'] === 'string' ? query['to'] : undefined,
      subId: shorten(query['sub'], MAX_SUB_ID_LENGTH),
      ip: request.ip,
      userAgent: shorten(headers['user-agent'], MAX_USER_AGENT_LENGTH),
      referrer: shorten(headers.referer, MAX_REFERRER_LENGTH),
      // What the link itself carries is known from the code; only advertisements add something that is worth its room.
      url: hasAdClickId(request.url) ? shorten(this.publicUrl + request.url, MAX_URL_LENGTH) : null,
      onlyAsks: request.method === 'HEAD',
    });
    reply.status(302);
    reply.header('location', location);
    reply.header('cache-control', 'no-store');
    // The site learns which page sent the visitor, as far as browsers tell anyway.
    reply.header('referrer-policy', 'strict-origin-when-cross-origin');
    if (clickId !== null) reply.header('set-cookie', `fs_click=${clickId}${this.cookieEnd}`);
    reply.send();
  }
}

/** Visitors are not told that something is too long: the rest is cut off. What cannot be stored is left out. */
function shorten(value: unknown, maxLength: number): string | null {
  if (typeof value !== 'string' || value === '' || !isStorableText(value)) return null;
  return value.length > maxLength ? value.slice(0, maxLength) : value;
}
