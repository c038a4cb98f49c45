import { Controller, Get, HttpCode, HttpStatus, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Config } from '../../config/config.js';
import { escapeHtml, sendPlainPage } from '../../http/plain-page.js';
import { clientKey, RateLimiter } from '../../http/rate-limiter.js';
import { textsOf } from '../texts/texts.js';
import { EmailPreferencesService } from './email-preferences.service.js';
import { UNDO_PATH, UNSUBSCRIBE_PATH, UnsubscribeLinks, type Unsubscription } from './unsubscribe-links.js';

/**
 * Where the unsubscribe links of e-mails lead. Looking changes nothing, since programs follow links in e-mails; a POST
 * does, by the button of the page or by the mail program itself (RFC 8058). What it is about stands in the signed token,
 * so whatever body comes with it is left unread.
 */
@ApiExcludeController()
@Controller()
export class UnsubscribeController {
  constructor(
    private readonly config: Config,
    private readonly links: UnsubscribeLinks,
    private readonly preferences: EmailPreferencesService,
    private readonly rateLimiter: RateLimiter,
  ) {}

  @Get(UNSUBSCRIBE_PATH)
  async show(
    @Query('token') token: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const link = this.read(token, request, reply);
    if (link === null) return;
    const { locale, words } = await this.wordsFor(link);
    sendPlainPage(reply, 200, {
      locale,
      title: escapeHtml(words.title(words.what[link.occasion])),
      paragraphs: [escapeHtml(words.still)],
      action: this.form(UNSUBSCRIBE_PATH, link, words.confirm),
      sendsForm: true,
    });
  }

  /** Idempotent. */
  @Post(UNSUBSCRIBE_PATH)
  @HttpCode(HttpStatus.OK)
  async switchOff(
    @Query('token') token: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const link = this.read(token, request, reply);
    if (link === null) return;
    await this.preferences.switch(link.affiliateId, link.occasion, false);
    const { locale, words } = await this.wordsFor(link);
    sendPlainPage(reply, 200, {
      locale,
      title: escapeHtml(words.doneTitle),
      paragraphs: [escapeHtml(words.done), escapeHtml(words.still)],
      action: this.form(UNDO_PATH, link, words.undo),
      sendsForm: true,
    });
  }

  /** For whoever pressed the button by mistake. */
  @Post(UNDO_PATH)
  @HttpCode(HttpStatus.OK)
  async switchOn(
    @Query('token') token: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const link = this.read(token, request, reply);
    if (link === null) return;
    await this.preferences.switch(link.affiliateId, link.occasion, true);
    const { locale, words } = await this.wordsFor(link);
    sendPlainPage(reply, 200, {
      locale,
      title: escapeHtml(words.undoneTitle),
      paragraphs: [escapeHtml(words.undone)],
      action: this.portalLink(words.toPortal),
    });
  }

  /** Null for a token that is not ours: then the reader has been told. */
  private read(token: unknown, request: FastifyRequest, reply: FastifyReply): Unsubscription | null {
    this.rateLimiter.hitOrThrow(`unsubscribe:${clientKey(request.ip)}`, this.config.rateLimitPublic);
    const link = typeof token === 'string' ? this.links.read(token) : null;
    if (link !== null) return link;
    const words = textsOf(this.config.mailLocale).unsubscribePage;
    sendPlainPage(reply, 404, {
      locale: this.config.mailLocale,
      title: escapeHtml(words.invalidTitle),
      paragraphs: [escapeHtml(words.invalid)],
      action: this.portalLink(words.toPortal),
    });
    return null;
  }

  private async wordsFor({ affiliateId }: Unsubscription) {
    const locale = await this.preferences.localeOf(affiliateId);
    return { locale, words: textsOf(locale).unsubscribePage };
  }

  private form(path: string, link: Unsubscription, label: string): string {
    return `<form method="post" action="${path}?token=${escapeHtml(this.links.tokenFor(link))}">
<button class="action">${escapeHtml(label)}</button>
</form>`;
  }

  private portalLink(label: string): string {
    return `<a class="action" href="${escapeHtml(this.config.affiliatePortalUrl)}">${escapeHtml(label)}</a>`;
  }
}
