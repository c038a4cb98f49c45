import { Injectable, Logger } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import { Metrics } from '../../http/metrics.js';
import type { EventStatus } from './event-processor.js';

/** What an operator must know of; the other statuses are the normal end. */
const SHOWN = ['pending', 'failed', 'parked'] as const satisfies readonly EventStatus[];

/** The inbox in GET /metrics, read when it is asked for. What cannot be read is left out, never shown as zero. */
@Injectable()
export class EventMetrics {
  private readonly logger = new Logger(EventMetrics.name);

  constructor(
    private readonly metrics: Metrics,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {
    this.addGauge('events', 'Events of Stripe that wait, failed or were parked.', () => this.countByStatus());
    this.addGauge('events_oldest_seconds', 'How long ago the oldest of them was received.', () =>
      this.oldestByStatus(),
    );
    this.addGauge('backfill_seconds', 'How long ago the events were last known to be complete.', () => this.backfill());
  }

  private addGauge(name: string, help: string, read: () => Promise<[EventStatus | 'complete', number][]>): void {
    const gauge: Gauge<'status'> = new Gauge({
      name: `fairshare_stripe_${name}`,
      help,
      labelNames: ['status'],
      registers: [this.metrics.registry],
      collect: async () => {
        gauge.reset();
        try {
          for (const [status, value] of await read()) gauge.set({ status }, value);
        } catch (error) {
          this.logger.warn({ message: 'the inbox could not be read for the metrics', error: String(error) });
        }
      },
    });
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
