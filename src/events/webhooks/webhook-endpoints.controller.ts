import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HostScope } from '../../auth/access.js';
import { Idempotency } from '../../http/idempotency.js';
import { NoBody } from '../../http/no-body.js';
import { PageQuery } from '../../http/page-query.dto.js';
import { WebhookEndpoints } from './webhook-endpoints.service.js';
import {
  CreateWebhookEndpointDto,
  UpdateWebhookEndpointDto,
  WebhookEndpointDto,
  WebhookEndpointPageDto,
} from './webhook.dto.js';

@ApiTags('Events and webhooks')
@HostScope()
@Controller('v1/webhook-endpoints')
export class WebhookEndpointsController {
  constructor(
    private readonly endpoints: WebhookEndpoints,
    private readonly idempotency: Idempotency,
  ) {}

  /** Has events sent to a URL, signed by the Standard Webhooks specification. The answer shows the secret, once. */
  @Post()
  create(
    @Body() body: CreateWebhookEndpointDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WebhookEndpointDto> {
    return this.idempotency.run(request, reply, (tx) => this.endpoints.create(tx, body));
  }

  /** Webhook endpoints, newest first. */
  @Get()
  list(@Query() query: PageQuery): Promise<WebhookEndpointPageDto> {
    return this.endpoints.list(query);
  }

  /** A webhook endpoint. */
  @Get(':id')
  get(@Param('id') id: string): Promise<WebhookEndpointDto> {
    return this.endpoints.get(id);
  }

  /** Changes the fields that are given; enables, disables, rotates the secret. */
  @Patch(':id')
  update(@Param('id') id: string, @Body() body: UpdateWebhookEndpointDto): Promise<WebhookEndpointDto> {
    return this.endpoints.update(id, body);
  }

  /** Ends it, with what waits for it and its log. */
  @Delete(':id')
  @HttpCode(204)
  delete(@Param('id') id: string, @NoBody() _nothing: undefined): Promise<void> {
    return this.endpoints.delete(id);
  }
}
