import { Injectable } from '@nestjs/common';
import { Prisma } from '@prisma/client';
import { releasable } from '../../commissions/holds.service.js';
import { Clock } from '../../common/clock.js';
import { toJsonAmount } from '../../common/money.js';
import { Config } from '../../config/config.js';
import { nextPlannedRun, type PlannedRun } from '../../config/payout-schedule.js';
import { Database } from '../../database/database.js';
import { hasHoldingCase } from '../../fraud/holding-cases.js';
import { skipReasons, type Candidate } from '../eligibility/eligibility.js';
import type { NextPayoutDto, PlannedRunDto } from './upcoming-payouts.dto.js';

interface Row extends Omit<Candidate, 'minimumMinor' | 'currencyHeld'> {
  currency: string;
}

/** What the next run would pay one affiliate, for the affiliate to see. Writes nothing. */
@Injectable()
export class UpcomingPayouts {
  /** The run that is planned next, as it was worked out at that moment. */
  private known: { run: PlannedRun; from: Date } | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly database: Database,
  ) {}

  /** The next run, null when PAYOUT_CRON plans none, with what it would pay the affiliate, one for each currency. */
  async find(affiliateId: string): Promise<{ run: PlannedRunDto | null; payouts: NextPayoutDto[] }> {
    const planned = this.nextRun();
    if (planned === null) return { run: null, payouts: [] };
    const run = { period: planned.period, date: planned.at.toISOString() };
    const rows = await this.readBalances(affiliateId, planned);
    return { run, payouts: rows.map((row) => this.present(run, row)) };
  }

  /** Reckoning with calendars takes longer than all the rest, and what it finds holds until its moment has passed. */
  private nextRun(): PlannedRun | null {
    const now = this.clock.now();
    if (this.known && this.known.from <= now && now <= this.known.run.at) return this.known.run;
    const { payoutCron, payoutTimezone } = this.config;
    const run = nextPlannedRun(now, payoutCron, payoutTimezone);
    this.known = run && { run, from: now };
    return run;
  }

  private present(run: PlannedRunDto, { currency, ...candidate }: Row): NextPayoutDto {
    const minimumMinor = this.config.minPayoutMinor(currency);
    // Whether the platform itself holds the currency is not the affiliate's to mend, and Stripe's to say.
    const reasons = skipReasons({ ...candidate, minimumMinor, currencyHeld: true });
    return {
      ...run,
      currency,
      amount: toJsonAmount(candidate.amountMinor),
      minimum: toJsonAmount(minimumMinor),
      willBePaid: reasons.length === 0,
      reasons,
    };
  }

  /**
   * A balance's payable money is what a run takes, since all of it became payable by now (ARCHITECTURE.md, invariant 7). To it
   * comes what a run releases first: the holds that will have run out.
   */
  private readBalances(affiliateId: string, { at }: PlannedRun): Promise<Row[]> {
    return this.database.prisma.$queryRaw<Row[]>`
      SELECT b.currency, b.payable_minor + coalesce(due.amount, 0)::bigint AS "amountMinor",
             a.status AS "affiliateStatus", ${hasHoldingCase(Prisma.sql`a.id`)} AS "underReview",
             a.stripe_account_id AS "stripeAccountId", a.details_submitted AS "detailsSubmitted",
             a.payouts_enabled AS "payoutsEnabled"
      FROM balances b
      JOIN affiliates a ON a.id = b.affiliate_id
      LEFT JOIN LATERAL (
        SELECT sum(p.amount_minor) AS amount
        FROM commission_holds h
        JOIN journal_entries e ON e.commission_id = h.commission_id
        JOIN postings p ON p.entry_id = e.id AND p.account = 'held'
        WHERE b.held_minor <> 0 AND h.affiliate_id = b.affiliate_id AND h.currency = b.currency AND ${releasable(at)}
      ) due ON TRUE
      WHERE b.affiliate_id = ${affiliateId}
      ORDER BY b.currency`;
  }
}
