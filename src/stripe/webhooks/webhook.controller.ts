import { Controller, HttpCode, Post, Req } from '@nestjs/common';
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
  async receive(@Req() request: FastifyRequest): Promise<{ received: true }> {
    const signature = request.headers['stripe-signature'];
    await this.inbox.store(this.verifier.verify(request.rawBody, signature?.toString()));
    return { received: true };
  }
}
