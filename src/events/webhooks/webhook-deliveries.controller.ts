import { Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HostScope } from '../../auth/access.js';
import { Idempotency } from '../../http/idempotency.js';
import { NoBody } from '../../http/no-body.js';
import { WebhookDeliveries } from './webhook-deliveries.service.js';
import { WebhookDeliveriesQuery, WebhookDeliveryDto, WebhookDeliveryPageDto } from './webhook.dto.js';

@ApiTags('Events and webhooks')
@HostScope()
@Controller('v1/webhook-deliveries')
export class WebhookDeliveriesController {
  constructor(
    private readonly deliveries: WebhookDeliveries,
    private readonly idempotency: Idempotency,
  ) {}

  /** What was sent or waits to be sent, and what was answered; newest first, kept for 90 days. */
  @Get()
  list(@Query() query: WebhookDeliveriesQuery): Promise<WebhookDeliveryPageDto> {
    return this.deliveries.list(query);
  }

  /** Sends it at once, under the same `webhook-id`, whether it was delivered or not. */
  @Post(':id/resend')
  @HttpCode(202)
  resend(
    @Param('id') id: string,
    @NoBody() _nothing: undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebhookDeliveryDto> {
    return this.idempotency.run(request, reply, (tx) => this.deliveries.resend(tx, id));
  }
}
