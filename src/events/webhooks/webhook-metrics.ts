import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import { Metrics } from '../../http/metrics.js';

/** Webhooks in GET /metrics: what waits, for how long, and how tries end. */
@Injectable()
export class WebhookMetrics {
  private readonly tries: Counter;

  constructor(
    metrics: Metrics,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {
    this.tries = new Counter({
      name: 'fairshare_webhook_tries_total',
      help: 'Tries to deliver webhooks by this process, by how they ended.',
      labelNames: ['outcome'],
      registers: [metrics.registry],
    });
    metrics.addGauge('webhook_backlog', 'Webhook deliveries that wait, by endpoint.', 'endpoint', async () =>
      (await this.backlog()).map(({ endpointId, waiting }) => [endpointId, waiting]),
    );
    metrics.addGauge('webhook_oldest_seconds', 'How old the oldest of them is.', 'endpoint', async () =>
      (await this.backlog()).map(({ endpointId, since }) => [endpointId, this.secondsSince(since)]),
    );
    metrics.addGauge('webhook_endpoints', 'Webhook endpoints, by status.', 'status', () => this.endpoints());
    metrics.addGauge('event_consumer_lag', 'Published events that a reader has not read.', 'consumer', () =>
      this.consumerLag(),
    );
  }

  count(isDelivered: boolean): void {
    this.tries.inc({ outcome: isDelivered ? 'delivered' : 'failed' });
  }

  private backlog(): Promise<{ endpointId: string; waiting: number; since: Date }[]> {
    return this.database.prisma.$queryRaw`
      SELECT endpoint_id AS "endpointId", count(*)::int AS waiting, min(created_at) AS since
      FROM webhook_deliveries WHERE status = 'pending' GROUP BY endpoint_id`;
  }

  private async endpoints(): Promise<[string, number][]> {
    const rows = await this.database.prisma.$queryRaw<{ status: string; endpoints: number }[]>`
      SELECT s.status, count(e.id)::int AS endpoints
      FROM unnest(ARRAY['enabled', 'disabled', 'failing']) AS s (status)
      LEFT JOIN webhook_endpoints e
        ON s.status = CASE WHEN e.status = 'enabled' AND e.failing_since IS NOT NULL THEN 'failing' ELSE e.status END
      GROUP BY s.status`;
    return rows.map(({ status, endpoints }) => [status, endpoints]);
  }

  private async consumerLag(): Promise<[string, number][]> {
    const rows = await this.database.prisma.$queryRaw<{ name: string; lag: number }[]>`
      SELECT c.name, (f.last_position - c.position)::float8 AS lag FROM event_consumers c CROSS JOIN event_feed f`;
    return rows.map(({ name, lag }) => [name, lag]);
  }

  private secondsSince(moment: Date): number {
    return (this.clock.now().getTime() - moment.getTime()) / 1000;
  }
}
