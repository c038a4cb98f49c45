import { Injectable } from '@nestjs/common';
import { Prisma } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { toJsonAmount } from '../../common/money.js';
import { Config } from '../../config/config.js';
import { Database } from '../../database/database.js';
import { hasHoldingCase } from '../../fraud/holding-cases.js';
import { skipReason } from '../eligibility/eligibility.js';
import { unlinedItems } from '../eligibility/payout-items.js';
import { cutOffOf, upcomingPeriod } from '../runs/payout-period.js';
import type { PreviewDto, PreviewPayoutDto, PreviewSkipDto, RunTotalDto } from '../payout.dto.js';

interface Candidate {
  affiliateId: string;
  currency: string;
  amountMinor: bigint;
  affiliateStatus: string;
  underReview: boolean;
  stripeAccountId: string | null;
  detailsSubmitted: boolean;
  payoutsEnabled: boolean;
}

/** What a run would do, worked out by the run's own rules, without writing anything. */
@Injectable()
export class PayoutPreviewService {
  constructor(
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly database: Database,
  ) {}

  async preview(options: { period?: string; asOf?: Date }): Promise<PreviewDto> {
    const period = options.period ?? upcomingPeriod(this.config, options.asOf ?? this.clock.now());
    const cutOff = cutOffOf(this.config, period, options.asOf);
    const payouts: PreviewPayoutDto[] = [];
    const skipped: PreviewSkipDto[] = [];
    const totals = new Map<string, RunTotalDto>();
    for (const candidate of await this.candidates(cutOff)) {
      const { affiliateId, currency, amountMinor } = candidate;
      const amount = toJsonAmount(amountMinor);
      const reason = skipReason({ ...candidate, minimumMinor: this.config.minPayoutMinor(currency) });
      if (reason) {
        skipped.push({ affiliateId, reason, amount, currency });
        continue;
      }
      payouts.push({ affiliateId, amount, currency });
      const total = totals.get(currency) ?? { currency, count: 0, amount: 0 };
      totals.set(currency, { currency, count: total.count + 1, amount: total.amount + amount });
    }
    return { period, cutOff: cutOff.toISOString(), payouts, skipped, totals: [...totals.values()] };
  }

  /**
   * What each balance would be paid; holds that are due by then count, since a run releases them first, unless a review
   * case keeps them.
   */
  private candidates(cutOff: Date): Promise<Candidate[]> {
    const balances = Prisma.sql`
      SELECT b.affiliate_id, b.currency, b.first_unlined_seq FROM balances b WHERE b.payable_minor <> 0`;
    return this.database.prisma.$queryRaw<Candidate[]>`
      SELECT i.affiliate_id AS "affiliateId", i.currency, i.amount AS "amountMinor", a.status AS "affiliateStatus",
             ${hasHoldingCase(Prisma.sql`a.id`)} AS "underReview", a.stripe_account_id AS "stripeAccountId",
             a.details_submitted AS "detailsSubmitted", a.payouts_enabled AS "payoutsEnabled"
      FROM (
        SELECT affiliate_id, currency, sum(amount_minor)::bigint AS amount
        FROM (
          SELECT affiliate_id, currency, amount_minor FROM (${unlinedItems(balances, cutOff)}) item WHERE taken
          UNION ALL
          SELECT h.affiliate_id, h.currency, p.amount_minor
          FROM commission_holds h
          JOIN journal_entries e ON e.commission_id = h.commission_id
          JOIN postings p ON p.entry_id = e.id AND p.account = 'held'
          WHERE h.available_at <= ${cutOff} AND NOT ${hasHoldingCase(Prisma.sql`h.affiliate_id`)}
        ) due
        GROUP BY affiliate_id, currency
        HAVING sum(amount_minor) <> 0
      ) i JOIN affiliates a ON a.id = i.affiliate_id
      ORDER BY i.affiliate_id, i.currency`;
  }
}
