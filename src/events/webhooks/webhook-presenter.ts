import type { Prisma, WebhookEndpoint } from '@prisma/client';
import type { DomainEventType } from '../event-types.js';
import {
  ALL_EVENTS,
  type EventFilter,
  type WebhookAttemptDto,
  type WebhookDeliveryDto,
  type WebhookDeliveryStatus,
  type WebhookEndpointDto,
  type WebhookEndpointStatus,
} from './webhook.dto.js';

const ATTEMPTS_SHOWN = 10;

/** What the presenter of deliveries needs beside the row. */
export const DELIVERY_INCLUDE = {
  event: { select: { type: true } },
  log: { orderBy: { number: 'desc' }, take: ATTEMPTS_SHOWN },
} satisfies Prisma.WebhookDeliveryInclude;

export type DeliveryWithLog = Prisma.WebhookDeliveryGetPayload<{ include: typeof DELIVERY_INCLUDE }>;

/** Without the secret, which is shown once. */
export function presentEndpoint(endpoint: WebhookEndpoint): WebhookEndpointDto {
  return {
    id: endpoint.id,
    url: endpoint.url,
    events: endpoint.events.length > 0 ? (endpoint.events as EventFilter[]) : [ALL_EVENTS],
    status: endpoint.status as WebhookEndpointStatus,
    failingSince: endpoint.failingSince?.toISOString() ?? null,
    disabledAt: endpoint.disabledAt?.toISOString() ?? null,
    disabledReason: endpoint.disabledReason,
    previousSecretUntil: endpoint.previousSecretUntil?.toISOString() ?? null,
    createdAt: endpoint.createdAt.toISOString(),
  };
}

export function presentDelivery(delivery: DeliveryWithLog): WebhookDeliveryDto {
  return {
    id: delivery.id,
    endpointId: delivery.endpointId,
    eventId: delivery.eventId,
    eventType: delivery.event.type as DomainEventType,
    status: delivery.status as WebhookDeliveryStatus,
    createdAt: delivery.createdAt.toISOString(),
    deliveredAt: delivery.deliveredAt?.toISOString() ?? null,
    nextTryAt: delivery.nextTryAt?.toISOString() ?? null,
    attempts: delivery.attempts,
    log: delivery.log.map(({ deliveryId: _delivery, startedAt, outcome, ...attempt }) => ({
      ...attempt,
      startedAt: startedAt.toISOString(),
      outcome: outcome as WebhookAttemptDto['outcome'],
    })),
  };
}
