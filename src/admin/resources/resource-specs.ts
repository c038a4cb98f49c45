import { Injectable } from '@nestjs/common';
import { CommissionQueries } from '../../commissions/commission-queries.js';
import { Config } from '../../config/config.js';
import { RuleSettings } from '../../fraud/rule-settings.service.js';
import { REVIEW_RULES } from '../../fraud/review-rules.js';
import type { RuleEvidence } from '../../fraud/rules/fraud-rule.js';
import { listRules } from '../../fraud/rule-list.js';
import { PayoutQueries } from '../../payouts/payout-queries.js';
import { commissions, ledger, payouts, planVersions, plans, runs } from './money.js';
import { auditLog, emails, reviewCases, rules, staff, stripeEvents, whitelist } from './oversight.js';
import { affiliates, clicks, decisions, promotionCodes, referrals } from './people.js';
import type { ResourceSpec, Row } from './resource-spec.js';
import { events, webhookDeliveries, webhookEndpoints } from './webhooks.js';

/** Every list of the panel, in the order of its menu. */
@Injectable()
export class ResourceSpecs {
  readonly all: ResourceSpec[];

  constructor(
    private readonly commissionQueries: CommissionQueries,
    private readonly payoutQueries: PayoutQueries,
    private readonly ruleSettings: RuleSettings,
    private readonly config: Config,
  ) {
    this.all = [
      { ...reviewCases, enrich: async (rows) => rows.map(withQuestion) },
      affiliates,
      referrals,
      clicks,
      decisions,
      emails,
      promotionCodes,
      { ...commissions, enrich: (rows, place) => (place === 'list' ? this.withStates(rows) : this.withWorking(rows)) },
      payouts,
      { ...runs, enrich: (rows) => this.withProgress(rows) },
      ledger,
      plans,
      planVersions,
      stripeEvents,
      events,
      webhookEndpoints,
      webhookDeliveries,
      { ...rules, rows: () => this.ruleRows() },
      whitelist,
      auditLog,
      staff,
    ];
  }

  private async ruleRows(): Promise<Row[]> {
    return listRules(this.config, await this.ruleSettings.read()).map(({ name, evidence, setBy, ...rule }) => ({
      ...rule,
      id: name,
      name: name.replaceAll('_', ' '),
      // In the list there is no room for a column of its own.
      value: setBy === null || setBy === 'staff' ? rule.value : `${rule.value} (${setBy})`,
      setBy: setBy === 'staff' ? 'staff, here' : (setBy ?? 'nobody'),
      related: { lists: evidence.map(listOfEvidence) },
    }));
  }

  /** A commission's state, worth and working follow from the ledger: its own service says them. */
  private async withStates(rows: Row[]) {
    const told = await this.commissionQueries.statesOf(rows.map(({ id }) => id));
    return rows.map((row) => {
      const { state, netAmount } = told.get(row.id) ?? {};
      return { ...row, state, netAmount };
    });
  }

  private async withWorking(rows: Row[]) {
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

/** Where staff read what a rule did, as the list of the panel that has it. */
function listOfEvidence(evidence: RuleEvidence): { name: string; resource: string; filters: Record<string, string> } {
  switch (evidence.in) {
    case 'review_cases':
      return { name: 'Its review cases', resource: reviewCases.id, filters: { rule: evidence.rule } };
    case 'attribution_decisions':
      return { name: 'Signups it refused', resource: decisions.id, filters: { reason: evidence.reason } };
    case 'promotion_codes':
      return { name: 'Promotion codes and their uses', resource: promotionCodes.id, filters: {} };
    case 'payout_runs':
      return { name: 'Runs, with whom they skipped', resource: runs.id, filters: {} };
    case 'trial_referrals':
      return { name: 'Referrals that paid nothing yet', resource: referrals.id, filters: { status: 'trial' } };
  }
}
