import { Injectable } from '@nestjs/common';
import { DateTime } from 'luxon';
import { firstIdAt } from '../../common/ids.js';
import { Config } from '../../config/config.js';
import { Database, type Tx } from '../../database/database.js';
import type { SkipReason } from '../../payouts/eligibility/eligibility.js';
import type { StatementOfCurrency } from '../content/mail-facts.js';

interface MonthRow {
  currency: string;
  earned: bigint;
  reversed: bigint;
  adjusted: bigint;
}

/** The calendar month before a run's, in the time zone that payouts are planned in. */
export interface StatementMonth {
  /** `2026-11`. */
  month: string;
  from: Date;
  /** Exclusive. */
  to: Date;
}

export function monthBefore(period: string, timeZone: string): StatementMonth {
  const to = DateTime.fromFormat(period, 'yyyy-MM', { zone: timeZone });
  const from = to.minus({ months: 1 });
  return { month: from.toFormat('yyyy-MM'), from: from.toJSDate(), to: to.toJSDate() };
}

/** What an affiliate's month came to, and what became of it in the run that followed. */
@Injectable()
export class StatementFacts {
  constructor(
    private readonly database: Database,
    private readonly config: Config,
  ) {}

  /**
   * Per currency that the affiliate has ever had a balance in and that has anything to tell. A month holds what was written
   * into the ledger in it: consecutive statements leave nothing out and tell nothing twice, whatever arrived late.
   */
  async find(affiliateId: string, runId: string, month: StatementMonth): Promise<StatementOfCurrency[]> {
    return this.database.snapshot(async (tx) => {
      const balances = await tx.balance.findMany({ where: { affiliateId }, orderBy: { currency: 'asc' } });
      const changes = await monthOf(tx, affiliateId, month);
      const payouts = await tx.payout.findMany({
        where: { affiliateId, runId, status: { in: ['paid', 'reversed'] } },
      });
      const skips = await tx.payoutSkip.findMany({ where: { runId, affiliateId } });
      return balances
        .map((balance): StatementOfCurrency => {
          const { currency, heldMinor, payableMinor, inPayoutMinor } = balance;
          const change = changes.find((own) => own.currency === currency);
          const paid = payouts.find((own) => own.currency === currency);
          const skip = skips.find((own) => own.currency === currency);
          return {
            currency,
            earnedMinor: change?.earned ?? 0n,
            reversedMinor: change?.reversed ?? 0n,
            adjustedMinor: change?.adjusted ?? 0n,
            paid: paid?.paidAt ? { amountMinor: paid.amountMinor, at: paid.paidAt } : null,
            heldMinor,
            payableMinor,
            inPayoutMinor,
            skipped: skip
              ? {
                  reason: skip.reason as SkipReason,
                  amountMinor: skip.amountMinor,
                  minimumMinor: this.config.minPayoutMinor(currency),
                }
              : null,
          };
        })
        .filter(hasSomethingToTell);
    });
  }
}

function hasSomethingToTell(own: StatementOfCurrency): boolean {
  const { earnedMinor, reversedMinor, adjustedMinor, heldMinor, payableMinor, inPayoutMinor, paid } = own;
  return (
    paid !== null ||
    [earnedMinor, reversedMinor, adjustedMinor, heldMinor, payableMinor, inPayoutMinor].some((amount) => amount !== 0n)
  );
}

/** Our side of each entry is the affiliate's with the other sign. The ids of entries tell when they were written. */
function monthOf(tx: Tx, affiliateId: string, { from, to }: StatementMonth): Promise<MonthRow[]> {
  return tx.$queryRaw<MonthRow[]>`
    SELECT p.currency,
           coalesce(-sum(p.amount_minor) FILTER (WHERE e.kind = 'commission_earned'), 0)::bigint AS earned,
           coalesce(sum(p.amount_minor) FILTER (WHERE e.kind IN ('commission_reversed', 'commission_restored')), 0)::bigint AS reversed,
           coalesce(-sum(p.amount_minor) FILTER (WHERE e.kind = 'adjustment'), 0)::bigint AS adjusted
    FROM postings p
    JOIN journal_entries e ON e.id = p.entry_id
    WHERE p.affiliate_id = ${affiliateId} AND p.account = 'commission_expense'
      AND p.entry_id >= ${firstIdAt('journalEntry', from)} AND p.entry_id < ${firstIdAt('journalEntry', to)}
    GROUP BY p.currency`;
}
