import { Injectable } from '@nestjs/common';
import type { Referral } from '@prisma/client';
import { Database } from '../../database/database.js';
import type { SqlTx } from '../../database/sql-transaction.js';
import { loadPayingReferralsAfter } from '../../referrals/referral-rows.js';
import { loadReferralFacts } from './referral-facts.js';
import { mayEarn, targetsOf, type Target } from './targets.js';

/** Referrals per transaction: enough to make each query worth its round trip. */
const BATCH_SIZE = 500;

const SHOWN_BREACHES = 10;

export interface AuditReport {
  /** How many invoices were worked out again. */
  checked: bigint;
  /** The first few that differ, in words with ids. */
  breaches: string[];
}

/**
 * Replays the facts: works out what every paid invoice of every referral should be worth by what Stripe has told, and
 * compares it with what the ledger says. Finds a commission that was lost, as well as one that is too high or too low.
 */
@Injectable()
export class SettlementAudit {
  constructor(private readonly database: Database) {}

  /** Reads only, a batch of referrals per snapshot, so that memory stays flat and settlements go on beside it. */
  async audit(): Promise<AuditReport> {
    const report: AuditReport = { checked: 0n, breaches: [] };
    let after = '';
    for (;;) {
      const last = await this.database.sqlSnapshot((tx) => this.auditBatch(tx, after, report));
      if (last === null) return report;
      after = last;
    }
  }

  /** @returns the last referral's id, or null at the end. */
  private async auditBatch(tx: SqlTx, after: string, report: AuditReport): Promise<string | null> {
    const referrals = await loadPayingReferralsAfter(tx, after, BATCH_SIZE);
    const targets = (await loadReferralFacts(tx, referrals)).flatMap((facts) =>
      targetsOf(facts).map((target) => ({ target, referral: facts.referral })),
    );
    const nets = await this.nets(
      tx,
      targets.flatMap(({ target }) => target.commission?.id ?? []),
    );
    for (const { target, referral } of targets) {
      report.checked += 1n;
      const breach = breachOf(target, referral, nets);
      if (breach !== null && report.breaches.length < SHOWN_BREACHES) report.breaches.push(breach);
    }
    return referrals.at(-1)?.id ?? null;
  }

  private async nets(tx: SqlTx, commissionIds: string[]): Promise<Map<string, bigint>> {
    const rows = await tx.$queryRaw<{ commissionId: string; netMinor: bigint }[]>`
      SELECT e.commission_id AS "commissionId", (-sum(p.amount_minor))::bigint AS "netMinor"
      FROM journal_entries e JOIN postings p ON p.entry_id = e.id AND p.account = 'commission_expense'
      WHERE e.commission_id = ANY(${commissionIds}::text[]) GROUP BY e.commission_id`;
    return new Map(rows.map(({ commissionId, netMinor }) => [commissionId, netMinor]));
  }
}

function breachOf(target: Target, referral: Referral, nets: Map<string, bigint>): string | null {
  const { commission, invoice, targetMinor } = target;
  if (commission === null) {
    return mayEarn(target)
      ? `invoice ${invoice.id} of referral ${referral.id} should have earned ${target.amountMinor}, and has earned nothing`
      : null;
  }
  const netMinor = nets.get(commission.id) ?? 0n;
  return netMinor === targetMinor
    ? null
    : `commission ${commission.id} of invoice ${invoice.id}: net ${netMinor}, by the facts ${targetMinor}`;
}
