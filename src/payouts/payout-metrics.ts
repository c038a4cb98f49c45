import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { Database } from '../database/database.js';
import { Metrics } from '../http/metrics.js';

/** Runs and payouts in GET /metrics: what is under way, and what waits for somebody. */
@Injectable()
export class PayoutMetrics {
  constructor(
    metrics: Metrics,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {
    metrics.addGauge('payout_runs', 'Payout runs that are not finished, by what they wait for.', 'status', () =>
      this.unfinishedRuns(),
    );
    metrics.addGauge('payout_run_payouts', 'Payouts of the latest run, by status.', 'status', () => this.latestRun());
    metrics.addGauge(
      'payout_funds_wait_seconds',
      'How long payouts of a currency have waited for the balance at Stripe.',
      'currency',
      () => this.fundsWaits(),
    );
  }

  /** A halted one counts as `halted`, whatever else it is. */
  private async unfinishedRuns(): Promise<[string, number][]> {
    const rows = await this.database.prisma.$queryRaw<{ status: string; runs: number }[]>`
      SELECT s.status, count(r.id)::int AS runs
      FROM unnest(ARRAY['reserving', 'awaiting_approval', 'sending', 'waiting_for_funds', 'halted']) AS s (status)
      LEFT JOIN payout_runs r ON s.status = CASE WHEN r.halted_at IS NULL THEN r.status ELSE 'halted' END
      GROUP BY s.status`;
    return rows.map(({ status, runs }) => [status, runs]);
  }

  private async latestRun(): Promise<[string, number][]> {
    const rows = await this.database.prisma.$queryRaw<{ status: string; payouts: number }[]>`
      SELECT status, count(*)::int AS payouts FROM payouts
      WHERE run_id = (SELECT id FROM payout_runs ORDER BY period DESC LIMIT 1) GROUP BY status`;
    return rows.map(({ status, payouts }) => [status, payouts]);
  }

  private async fundsWaits(): Promise<[string, number][]> {
    const waits = await this.database.prisma.fundsWait.findMany();
    return waits.map(({ currency, since }) => [currency, (this.clock.now().getTime() - since.getTime()) / 1000]);
  }
}
