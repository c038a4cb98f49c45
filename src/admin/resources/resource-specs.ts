import { Injectable } from '@nestjs/common';
import { CommissionQueries } from '../../commissions/commission-queries.js';
import { PayoutQueries } from '../../payouts/payout-queries.js';
import { commissions, ledger, payouts, planVersions, plans, runs } from './money.js';
import { auditLog, reviewCases, staff, stripeEvents } from './oversight.js';
import { affiliates, clicks, decisions, referrals } from './people.js';
import type { ResourceSpec } from './resource-spec.js';

/** Every list of the panel, in the order of its menu. */
@Injectable()
export class ResourceSpecs {
  readonly all: ResourceSpec[];

  constructor(
    private readonly commissionQueries: CommissionQueries,
    private readonly payoutQueries: PayoutQueries,
  ) {
    this.all = [
      reviewCases,
      affiliates,
      referrals,
      clicks,
      decisions,
      { ...commissions, enrich: (rows) => this.withStates(rows) },
      payouts,
      { ...runs, enrich: (rows) => this.withProgress(rows) },
      ledger,
      plans,
      planVersions,
      stripeEvents,
      auditLog,
      staff,
    ];
  }

  /** A commission's state, worth and working follow from the ledger: its own service says them. */
  private async withStates(rows: Parameters<NonNullable<ResourceSpec['enrich']>>[0]) {
    const told = await this.commissionQueries.getMany(rows.map(({ id }) => id));
    return rows.map((row) => {
      const commission = told.get(row.id);
      if (!commission) return row;
      const { state, netAmount, payoutId, explanation, currency } = commission;
      return { ...row, state, netAmount, payoutId, explanation: { ...explanation, currency } };
    });
  }

  private async withProgress(rows: Parameters<NonNullable<ResourceSpec['enrich']>>[0]) {
    const told = await this.payoutQueries.runsById(rows.map(({ id }) => id));
    return rows.map((row) => {
      const run = told.get(row.id);
      if (!run) return row;
      const { progress, totals, skipped } = run;
      return {
        ...row,
        payouts: progress.payouts,
        totals: totals.map(({ currency, amount }) => ({ currency, amountMinor: String(amount) })),
        progress: { progress, totals, skipped },
      };
    });
  }
}
