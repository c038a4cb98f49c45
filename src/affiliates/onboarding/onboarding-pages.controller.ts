import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Config } from '../../config/config.js';
import { linkToSite, sendPlainPage } from '../../http/plain-page.js';

/** Where Stripe sends affiliates whose host gave no page of its own, and who did not come from the dashboard. */
@ApiExcludeController()
@Controller('onboarding')
export class OnboardingPagesController {
  constructor(private readonly config: Config) {}

  @Get('return')
  returned(@Res() reply: FastifyReply): void {
    sendPlainPage(reply, 200, {
      title: 'You are back from Stripe',
      paragraphs: [
        'Thank you. Stripe now checks what you have entered; that takes a few minutes at most.',
        'If anything is still missing, you can see it where you came from, and open Stripe again from there.',
      ],
      action: linkToSite(this.config.siteUrl),
    });
  }

  /** Nobody is known here, so no link can be minted here: that takes a click of the affiliate where it is signed in. */
  @Get('refresh')
  expired(@Res() reply: FastifyReply): void {
    sendPlainPage(reply, 200, {
      title: 'This link has been used or has expired',
      paragraphs: [
        'Links to Stripe work once, and for a few minutes only. Nothing that you have entered is lost.',
        'Go back to where you found the link and open Stripe from there again: each click makes a fresh one.',
      ],
      action: linkToSite(this.config.siteUrl),
    });
  }
}
