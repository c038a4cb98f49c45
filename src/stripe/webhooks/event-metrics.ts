import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import { Metrics } from '../../http/metrics.js';
import type { EventStatus } from './event-records.js';

/** What an operator must know of; the other statuses are the normal end. */
const SHOWN = ['pending', 'failed', 'parked'] as const satisfies readonly EventStatus[];

/** The inbox in GET /metrics, read when it is asked for. What cannot be read is left out, never shown as zero. */
@Injectable()
export class EventMetrics {
  constructor(
    metrics: Metrics,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {
    metrics.addGauge('stripe_events', 'Events of Stripe that wait, failed or were parked.', 'status', () =>
      this.countByStatus(),
    );
    metrics.addGauge('stripe_events_oldest_seconds', 'How long ago the oldest of them was received.', 'status', () =>
      this.oldestByStatus(),
    );
    metrics.addGauge(
      'stripe_backfill_seconds',
      'How long ago the events were last known to be complete.',
      'status',
      () => this.backfill(),
    );
  }

  private async countByStatus(): Promise<[EventStatus, number][]> {
    const groups = await this.database.prisma.stripeEvent.groupBy({
      by: ['status'],
      where: { status: { in: [...SHOWN] } },
      _count: true,
    });
    return SHOWN.map((status) => [status, groups.find((group) => group.status === status)?._count ?? 0]);
  }

  private oldestByStatus(): Promise<[EventStatus, number][]> {
    return Promise.all(
      SHOWN.map(async (status): Promise<[EventStatus, number]> => {
        const oldest = await this.database.prisma.stripeEvent.findFirst({
          where: { status },
          orderBy: { receivedAt: 'asc' },
          select: { receivedAt: true },
        });
        return [status, oldest ? this.secondsSince(oldest.receivedAt) : 0];
      }),
    );
  }

  private async backfill(): Promise<['complete', number][]> {
    const known = await this.database.prisma.stripeBackfill.findUnique({ where: { id: 1 } });
    return known ? [['complete', this.secondsSince(known.completeUntil)]] : [];
  }

  private secondsSince(moment: Date): number {
    return (this.clock.now().getTime() - moment.getTime()) / 1000;
  }
}
