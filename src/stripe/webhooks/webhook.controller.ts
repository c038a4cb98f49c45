import { Controller, Headers, HttpCode, Post, Req, type RawBodyRequest } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { WebhookInbox } from './webhook-inbox.js';
import { WebhookVerifier } from './webhook-verifier.js';

@ApiExcludeController()
@Controller('stripe/webhooks')
export class WebhookController {
  constructor(
    private readonly verifier: WebhookVerifier,
    private readonly inbox: WebhookInbox,
  ) {}

  @Post()
  @HttpCode(200)
  async receive(
    @Req() request: RawBodyRequest<FastifyRequest>,
    @Headers('stripe-signature') signature?: string,
  ): Promise<{ received: true }> {
    await this.inbox.store(this.verifier.verify(request.rawBody, signature));
    return { received: true };
  }
}
