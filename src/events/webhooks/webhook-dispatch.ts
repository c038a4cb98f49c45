import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { IdGenerator } from '../../common/ids.js';
import type { Tx } from '../../database/database.js';
import { EventConsumers, type EventConsumer } from '../event-consumers.js';
import type { EventHead } from '../event-feed.js';

/** Reads the feed and writes down what has to be sent to whom; WebhookSender sends it. */
@Injectable()
export class WebhookDispatch implements EventConsumer, OnApplicationBootstrap {
  readonly name = 'webhooks';

  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly consumers: EventConsumers,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.consumers.add(this);
  }

  /** One statement for all. What is disabled is written down for, too: that is what it gets once it is enabled. */
  async take(tx: Tx, events: EventHead[]): Promise<void> {
    const endpoints = await tx.webhookEndpoint.findMany({ select: { id: true, events: true, createdAt: true } });
    const wanted = events.flatMap((event) =>
      endpoints
        .filter((endpoint) => event.occurredAt >= endpoint.createdAt && isWanted(endpoint.events, event.type))
        .map((endpoint) => ({ event, endpointId: endpoint.id })),
    );
    if (wanted.length === 0) return;
    const now = this.clock.now();
    await tx.$executeRaw`
      INSERT INTO webhook_deliveries (id, endpoint_id, event_id, position, subject_id, status, next_try_at, created_at)
      SELECT id, endpoint_id, event_id, position, subject_id, 'pending', ${now}, ${now}
      FROM unnest(${wanted.map(() => this.ids.next('webhookDelivery'))}::text[],
                  ${wanted.map(({ endpointId }) => endpointId)}::text[], ${wanted.map(({ event }) => event.id)}::text[],
                  ${wanted.map(({ event }) => event.position)}::bigint[],
                  ${wanted.map(({ event }) => event.subjectId)}::text[])
        AS d (id, endpoint_id, event_id, position, subject_id)`;
  }
}

function isWanted(filter: string[], type: string): boolean {
  return filter.length === 0 || filter.includes(type);
}
