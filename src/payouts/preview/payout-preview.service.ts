import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { toJsonAmount } from '../../common/money.js';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { PlatformFunds } from '../eligibility/platform-funds.js';
import { cutOffOf, upcomingPeriod } from '../runs/payout-period.js';
import { presentChange } from './change-presenter.js';
import { decideAll, isPaid, type DecisionRules } from './preview-decisions.js';
import { previewCsv } from './preview-csv.js';
import { DigestLists, type PreviewDigest } from './preview-digest.js';
import { PreviewSummary } from './preview-summary.js';
import type { PreviewChangeDto, PreviewDto, PreviewFundsDto } from './preview.dto.js';

export interface PreviewOptions {
  /** The month; the one whose run comes next by default. */
  period?: string;
  /** The moment to take for now; the planned one by default. */
  asOf?: Date;
}

/** What was settled before the first balance is looked at. */
export interface PreviewPlan extends DecisionRules {
  period: string;
  lastRun: { id: string; period: string } | null;
  /** Null when Stripe could not be asked. */
  availableMinor: ReadonlyMap<string, bigint> | null;
}

/** What a run would do, worked out by the run's own rules, without writing anything. */
@Injectable()
export class PayoutPreviewService {
  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly database: Database,
    private readonly platformFunds: PlatformFunds,
  ) {}

  /**
   * Who would be paid what, who would not and why, whether Stripe's balance is enough, and what changed since the last
   * run. Still answers when Stripe cannot be asked: no currency is judged then, and what is available stays unsaid.
   *
   * @throws DomainError `period_not_planned`.
   */
  async preview(options: PreviewOptions): Promise<PreviewDto> {
    const plan = await this.plan(options);
    const preview: Pick<PreviewDto, 'payouts' | 'skipped'> = { payouts: [], skipped: [] };
    const changed: PreviewChangeDto[] = [];
    const summary = new PreviewSummary();
    for await (const decision of decideAll(this.database, plan)) {
      summary.add(decision);
      const { affiliateId, currency, reason } = decision;
      const amount = toJsonAmount(decision.amountMinor);
      if (isPaid(decision)) preview.payouts.push({ affiliateId, amount, currency });
      else if (reason !== null) preview.skipped.push({ affiliateId, reason, amount, currency });
      const change = presentChange(decision);
      if (change) changed.push(change);
    }
    const { period, cutOff, lastRun } = plan;
    return {
      period,
      cutOff: cutOff.toISOString(),
      ...preview,
      totals: summary.totals(),
      funds: await this.funds(plan, summary),
      changes: lastRun && {
        runId: lastRun.id,
        period: lastRun.period,
        sums: summary.changeSums(),
        affiliates: changed,
      },
    };
  }

  /**
   * The same for people, who read sums and the largest rows: memory does not grow with affiliates.
   *
   * @param shown how many rows of each list.
   * @throws DomainError `period_not_planned`.
   */
  async digest(options: PreviewOptions, shown: number): Promise<PreviewDigest> {
    const plan = await this.plan(options);
    const [summary, lists] = [new PreviewSummary(), new DigestLists(shown)];
    for await (const decision of decideAll(this.database, plan)) {
      summary.add(decision);
      lists.add(decision);
    }
    const { paid, skipped, changed } = lists.all();
    const { period, cutOff, lastRun } = plan;
    return {
      period,
      cutOff: cutOff.toISOString(),
      paid,
      skipped: { ...skipped, sums: summary.skipSums() },
      totals: summary.totals(),
      funds: await this.funds(plan, summary),
      changes: lastRun && { ...changed, period: lastRun.period, sums: summary.changeSums() },
    };
  }

  /** What `csv` starts from. @throws DomainError `period_not_planned`. */
  async plan({ period: wanted, asOf }: PreviewOptions): Promise<PreviewPlan> {
    const period = wanted ?? upcomingPeriod(this.config, asOf ?? this.clock.now());
    const cutOff = cutOffOf(this.config, period, asOf);
    const lastRun = await this.database.prisma.payoutRun.findFirst({
      where: { period: { lt: period }, status: { not: 'canceled' } },
      orderBy: { period: 'desc' },
      select: { id: true, period: true },
    });
    const availableMinor = await this.platformFunds.findAvailable();
    return {
      period,
      cutOff,
      lastRun,
      lastRunId: lastRun?.id ?? null,
      availableMinor,
      minPayoutMinor: (currency) => this.config.minPayoutMinor(currency),
      isCurrencyHeld: (currency) => availableMinor?.has(currency) ?? true,
    };
  }

  /** A row per affiliate and currency, read as it is written: memory does not grow with their number. */
  csv(plan: PreviewPlan): Readable {
    return previewCsv(plan.period, decideAll(this.database, plan));
  }

  private async funds({ availableMinor }: PreviewPlan, summary: PreviewSummary): Promise<PreviewFundsDto[]> {
    const pending = await this.pending();
    const needed = summary.needed();
    return [...new Set([...needed.keys(), ...pending.keys()])].sort().map((currency) => {
      const [neededMinor, pendingMinor] = [needed.get(currency) ?? 0n, pending.get(currency) ?? 0n];
      const inStock = availableMinor && (availableMinor.get(currency) ?? 0n);
      const lacking = inStock === null ? null : neededMinor + pendingMinor - inStock;
      return {
        currency,
        available: inStock === null ? null : toJsonAmount(inStock),
        needed: toJsonAmount(neededMinor),
        pending: toJsonAmount(pendingMinor),
        missing: lacking === null ? null : toJsonAmount(lacking > 0n ? lacking : 0n),
      };
    });
  }

  /** What payouts of runs that are not over wait for. */
  private async pending(): Promise<ReadonlyMap<string, bigint>> {
    const rows = await this.database.prisma.payout.groupBy({
      by: ['currency'],
      where: { status: 'pending', run: { status: { notIn: ['completed', 'canceled'] } } },
      _sum: { amountMinor: true },
    });
    return new Map(rows.map(({ currency, _sum }) => [currency, _sum.amountMinor ?? 0n]));
  }
}
