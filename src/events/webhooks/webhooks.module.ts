import { Module } from '@nestjs/common';
import { WebhookClaims } from './webhook-claims.js';
import { WebhookDeliveriesController } from './webhook-deliveries.controller.js';
import { WebhookDeliveries } from './webhook-deliveries.service.js';
import { WebhookDispatch } from './webhook-dispatch.js';
import { WebhookEndpointsController } from './webhook-endpoints.controller.js';
import { WebhookEndpoints } from './webhook-endpoints.service.js';
import { WebhookMetrics } from './webhook-metrics.js';
import { WebhookOutcomes } from './webhook-outcomes.js';
import { WebhookRequest } from './webhook-request.js';
import { WebhookSecrets } from './webhook-secrets.js';
import { WebhookSender } from './webhook-sender.js';

/** Events sent to the host's endpoints: by a server alone, commands only write events. */
@Module({
  controllers: [WebhookEndpointsController, WebhookDeliveriesController],
  providers: [
    WebhookClaims,
    WebhookDeliveries,
    WebhookDispatch,
    WebhookEndpoints,
    WebhookMetrics,
    WebhookOutcomes,
    WebhookRequest,
    WebhookSecrets,
    WebhookSender,
  ],
  exports: [WebhookDeliveries],
})
export class WebhooksModule {}
