import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { WebhookInbox } from './webhook-inbox.js';
import { WebhookVerifier } from './webhook-verifier.js';

@ApiTags('Public')
@Controller('stripe/webhooks')
export class WebhookController {
  constructor(
    private readonly verifier: WebhookVerifier,
    private readonly inbox: WebhookInbox,
  ) {}

  /**
   * Takes an event of Stripe, or a thin notification, signed with one of STRIPE_WEBHOOK_SECRETS. Answered once it is stored,
   * also where it was before.
   */
  @Post()
  @HttpCode(200)
  @ApiHeader({ name: 'Stripe-Signature', required: true, description: 'Of the raw body, within 300 seconds of now.' })
  @ApiBody({ schema: { type: 'object', additionalProperties: true } })
  @ApiResponse({
    status: 200,
    description: 'It is stored.',
    schema: { type: 'object', required: ['received'], properties: { received: { type: 'boolean', enum: [true] } } },
  })
  @ApiResponse({
    status: 400,
    description: 'A bad signature, a timestamp too far off, or a signed body that is no event.',
  })
  @ApiResponse({ status: 413, description: 'Over 1 MiB.' })
  async receive(@Req() request: FastifyRequest): Promise<{ received: true }> {
    const signature = request.headers['stripe-signature'];
    await this.inbox.store(this.verifier.verify(request.rawBody, signature?.toString()));
    return { received: true };
  }
}
