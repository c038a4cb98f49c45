import { Injectable } from '@nestjs/common';
import { CommissionQueries } from '../../commissions/commission-queries.js';
import { RuleSettings } from '../../fraud/rule-settings.service.js';
import { REVIEW_RULES } from '../../fraud/review-rules.js';
import { FRAUD_RULE_NAMES, fraudRule } from '../../fraud/rules/registry.js';
import { PayoutQueries } from '../../payouts/payout-queries.js';
import { commissions, ledger, payouts, planVersions, plans, runs } from './money.js';
import { auditLog, reviewCases, rules, staff, stripeEvents, whitelist } from './oversight.js';
import { affiliates, clicks, decisions, referrals } from './people.js';
import type { ResourceSpec, Row } from './resource-spec.js';

/** Every list of the panel, in the order of its menu. */
@Injectable()
export class ResourceSpecs {
  readonly all: ResourceSpec[];

  constructor(
    private readonly commissionQueries: CommissionQueries,
    private readonly payoutQueries: PayoutQueries,
    private readonly ruleSettings: RuleSettings,
  ) {
    this.all = [
      { ...reviewCases, enrich: async (rows) => rows.map(withQuestion) },
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
      { ...rules, rows: () => this.ruleRows() },
      whitelist,
      auditLog,
      staff,
    ];
  }

  private async ruleRows(): Promise<Row[]> {
    const settings = await this.ruleSettings.read();
    return FRAUD_RULE_NAMES.map((name) => {
      const { description, question, modes, thresholds } = fraudRule(name);
      const { mode, thresholds: values } = settings[name];
      return {
        id: name,
        name: name.replaceAll('_', ' '),
        mode,
        description,
        question,
        modes: modes.join(', '),
        thresholdsText: Object.entries(values)
          .map(([threshold, value]) => `${threshold}=${value}`)
          .join(', '),
        meanings: Object.fromEntries(
          Object.entries(thresholds).map(([threshold, { meaning }]) => [threshold, meaning]),
        ),
      };
    });
  }

  /** A commission's state, worth and working follow from the ledger: its own service says them. */
  private async withStates(rows: Row[]) {
    const told = await this.commissionQueries.getMany(rows.map(({ id }) => id));
    return rows.map((row) => {
      const commission = told.get(row.id);
      if (!commission) return row;
      const { state, netAmount, payoutId, explanation, currency } = commission;
      return { ...row, state, netAmount, payoutId, explanation: { ...explanation, currency } };
    });
  }

  private async withProgress(rows: Row[]) {
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

function withQuestion(row: Row): Row {
  const known = Object.entries(REVIEW_RULES).find(([name]) => name === row['rule']);
  return { ...row, question: known?.[1].question ?? null };
}
