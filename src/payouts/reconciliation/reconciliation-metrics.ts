import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Metrics } from '../../http/metrics.js';
import { FINDING_KINDS, type Finding } from './compare-payout.js';

/** What the last reconciliation found that came to an end, in GET /metrics. Before there is one, nothing is shown. */
@Injectable()
export class ReconciliationMetrics {
  constructor(
    metrics: Metrics,
    private readonly database: Database,
  ) {
    metrics.addGauge(
      'reconciliation_differences',
      'In how much the ledger and Stripe disagreed when they were last compared.',
      'kind',
      () => this.countByKind(),
    );
    metrics.addGauge(
      'reconciliation_last_success_timestamp_seconds',
      'When the ledger and Stripe were last compared to the end, and did or did not agree.',
      'result',
      () => this.lastEnds(),
    );
  }

  private async countByKind(): Promise<[string, number][]> {
    const last = await this.database.prisma.reconciliation.findFirst({
      where: { status: { in: ['agrees', 'differs'] } },
      orderBy: { id: 'desc' },
    });
    if (!last) return [];
    const kept = (last.findings as unknown as Pick<Finding, 'kind' | 'isOpen'>[]).filter(({ isOpen }) => !isOpen);
    const counts = FINDING_KINDS.map((kind): [string, number] => [
      kind,
      kept.filter((finding) => finding.kind === kind).length,
    ]);
    return [...counts, ['not_looked_at', last.differenceCount - kept.length]];
  }

  private lastEnds(): Promise<[string, number][]> {
    return Promise.all(
      ['agrees', 'differs'].map(async (status): Promise<[string, number][]> => {
        const { _max: last } = await this.database.prisma.reconciliation.aggregate({
          where: { status },
          _max: { finishedAt: true },
        });
        return last.finishedAt ? [[status, last.finishedAt.getTime() / 1000]] : [];
      }),
    ).then((ends) => ends.flat());
  }
}
