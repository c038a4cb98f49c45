import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AffiliateIpRecorder } from '../affiliates/affiliate-ip-recorder.js';
import { DashboardSessions } from '../auth/dashboard-sessions.service.js';
import { SessionCookie } from '../auth/session-cookie.js';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import type { MailLocale } from '../config/environment.js';
import { HttpError } from '../http/http-error.js';
import { pageLanguage } from '../http/page-language.js';
import { escapeHtml, linkToSite, sendPlainPage } from '../http/plain-page.js';
import { clientKey, RateLimiter } from '../http/rate-limiter.js';
import { OPENING_TEXTS } from './opening-texts.js';
import { DASHBOARD_PATH, OPEN_PATH } from './paths.js';

/** As newSecretToken makes them. */
const TOKEN_FORM = /^[\w-]{43}$/;

/** Not while the browser only prepares the page in the background: whoever sees it opens the dashboard. */
const OPEN_AT_ONCE = `
const open = () => document.forms[0].requestSubmit();
if (document.prerendering) document.addEventListener('prerenderingchange', open, { once: true });
else open();
`;

/**
 * Where a dashboard link leads. Looking at it uses nothing up: programs that follow links in mails and chats only ever
 * ask. The page sends its token by itself, by a button where scripts do not run.
 */
@ApiExcludeController()
@Controller(OPEN_PATH)
export class OpeningPageController {
  private readonly cookie: SessionCookie;
  private readonly ownOrigin: string;

  constructor(
    private readonly config: Config,
    private readonly clock: Clock,
    private readonly sessions: DashboardSessions,
    private readonly affiliateIps: AffiliateIpRecorder,
    private readonly rateLimiter: RateLimiter,
  ) {
    this.cookie = new SessionCookie(config, 'fs_dashboard');
    this.ownOrigin = new URL(config.publicUrl).origin;
  }

  /** The same for every token that looks like one: whether it is still good is only said to whoever uses it. */
  @Get()
  show(@Query('token') token: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.limit(request);
    if (!isToken(token)) {
      this.showUsed(request, reply);
      return;
    }
    const locale = this.languageOf(request);
    const { title, text, open } = OPENING_TEXTS[locale];
    sendPlainPage(reply, 200, {
      locale,
      title,
      paragraphs: [text],
      action: `<form method="post" action="${OPEN_PATH}">
<input type="hidden" name="token" value="${escapeHtml(token)}">
<button class="action">${open}</button>
</form>`,
      script: OPEN_AT_ONCE,
      sendsForm: true,
    });
  }

  /** Uses the token up, and begins a session under an id that nobody knew before. */
  @Post()
  async open(@Body() form: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    this.limit(request);
    this.refuseForeignPage(request);
    const { token } = (form ?? {}) as { token?: unknown };
    const opened = isToken(token) ? await this.sessions.open(token, this.cookie.read(request)) : null;
    if (opened === null) {
      this.showUsed(request, reply);
      return;
    }
    const { affiliateId, session } = opened;
    await this.affiliateIps.remember(affiliateId, request.ip);
    const maxAgeSeconds = Math.floor((session.expiresAt.getTime() - this.clock.now().getTime()) / 1000);
    this.cookie.write(reply, session.token, maxAgeSeconds);
    void reply
      .status(303)
      .header('location', DASHBOARD_PATH)
      .header('referrer-policy', 'no-referrer')
      .header('cache-control', 'no-store')
      .send();
  }

  private showUsed(request: FastifyRequest, reply: FastifyReply): void {
    const locale = this.languageOf(request);
    const { usedTitle, usedTexts } = OPENING_TEXTS[locale];
    sendPlainPage(reply, 410, {
      locale,
      title: usedTitle,
      paragraphs: usedTexts,
      action: linkToSite(this.config.siteUrl, locale),
    });
  }

  /** The browser's, not the affiliate's: a page that knew whose link it is would tell whether the token is still good. */
  private languageOf({ headers }: FastifyRequest): MailLocale {
    return pageLanguage(headers['accept-language'], this.config.mailLocale);
  }

  /**
   * Nobody may put another person's browser into a session of their choice. Browsers say of a form what kind of page it
   * came from; its origin they hide, since the page wants no referrer, or tell: PUBLIC_URL's, or the very host that was
   * asked.
   */
  private refuseForeignPage(request: FastifyRequest): void {
    const { origin, 'sec-fetch-site': site } = request.headers;
    const isForeign =
      (site !== undefined && site !== 'same-origin') ||
      (origin !== undefined && origin !== 'null' && origin !== this.ownOrigin && !isHost(origin, request.host));
    if (isForeign) throw new HttpError(403, 'foreign_origin', 'Open the dashboard by following its link.');
  }

  private limit(request: FastifyRequest): void {
    this.rateLimiter.hitOrThrow(`dashboard-open:${clientKey(request.ip)}`, this.config.rateLimitPublic);
  }
}

function isHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && TOKEN_FORM.test(value);
}
