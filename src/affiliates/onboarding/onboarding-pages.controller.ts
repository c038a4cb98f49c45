import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Config } from '../../config/config.js';
import type { MailLocale } from '../../config/environment.js';
import { pageLanguage } from '../../http/page-language.js';
import { linkToSite, sendPlainPage } from '../../http/plain-page.js';
import { ONBOARDING_PAGE_TEXTS } from './onboarding-page-texts.js';

/** Where Stripe sends affiliates whose host gave no page of its own, and who did not come from the dashboard. */
@ApiExcludeController()
@Controller('onboarding')
export class OnboardingPagesController {
  constructor(private readonly config: Config) {}

  @Get('return')
  returned(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const locale = this.languageOf(request);
    const { returnedTitle, returnedTexts } = ONBOARDING_PAGE_TEXTS[locale];
    this.send(reply, locale, returnedTitle, returnedTexts);
  }

  /** Nobody is known here, so no link can be minted here: that takes a click of the affiliate where it is signed in. */
  @Get('refresh')
  expired(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const locale = this.languageOf(request);
    const { expiredTitle, expiredTexts } = ONBOARDING_PAGE_TEXTS[locale];
    this.send(reply, locale, expiredTitle, expiredTexts);
  }

  private send(reply: FastifyReply, locale: MailLocale, title: string, paragraphs: string[]): void {
    sendPlainPage(reply, 200, { locale, title, paragraphs, action: linkToSite(this.config.siteUrl, locale) });
  }

  private languageOf({ headers }: FastifyRequest): MailLocale {
    return pageLanguage(headers['accept-language'], this.config.mailLocale);
  }
}
