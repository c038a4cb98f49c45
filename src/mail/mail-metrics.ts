import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { firstIdAt } from '../common/ids.js';
import { Database } from '../database/database.js';
import { Metrics } from '../http/metrics.js';

const DAY_MS = 24 * 60 * 60_000;

/** What became of the e-mails of the last day. */
@Injectable()
export class MailMetrics {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    metrics.addGauge('emails_per_day', 'E-mails to affiliates of the last day, by what became of them.', 'status', () =>
      this.countOfLastDay(),
    );
  }

  private async countOfLastDay(): Promise<[string, number][]> {
    const since = firstIdAt('email', new Date(this.clock.now().getTime() - DAY_MS));
    const groups = await this.database.prisma.email.groupBy({
      by: ['status'],
      where: { id: { gte: since } },
      _count: true,
    });
    return ['queued', 'sending', 'sent', 'failed', 'dropped'].map((status) => [
      status,
      groups.find((group) => group.status === status)?._count ?? 0,
    ]);
  }
}
