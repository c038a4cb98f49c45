import { IsIn, IsISO8601, IsOptional, Matches } from 'class-validator';
import { LIST_FORMATS, type ListFormat } from '../../http/download.js';
import type { SkipReason } from '../eligibility/eligibility.js';
import { RunTotalDto } from '../payout.dto.js';
import type { PayoutStatus } from '../payout-status.js';
import { PERIOD } from '../runs/payout-period.js';
import type { Change } from './preview-change.js';

export class PreviewBody {
  /** The month to preview, `2026-12`; the next planned one by default. */
  @IsOptional()
  @Matches(PERIOD, { message: 'period must be a month such as 2026-12' })
  period?: string;

  /** The moment to take for now; the planned moment of the period by default. */
  @IsOptional()
  @IsISO8601({ strict: true })
  asOf?: string;
}

export class PreviewQuery {
  /** `csv` for a file with a row per affiliate and currency. */
  @IsOptional()
  @IsIn(LIST_FORMATS)
  format: ListFormat = 'json';
}

export class PreviewPayoutDto {
  affiliateId!: string;
  /** In minor units. */
  amount!: number;
  currency!: string;
}

export class PreviewSkipDto {
  affiliateId!: string;
  reason!: SkipReason;
  /** In minor units. */
  amount!: number;
  currency!: string;
}

/** Whether the platform's balance at Stripe is enough. Amounts in minor units. */
export class PreviewFundsDto {
  currency!: string;
  /** What Stripe says can be transferred now; null when it could not be asked. */
  available!: number | null;
  /** What the payouts of this preview come to. */
  needed!: number;
  /** What payouts of earlier runs still wait for; they go first. */
  pending!: number;
  /** What is lacking for both; null when Stripe could not be asked. */
  missing!: number | null;
}

export class ChangeSumDto {
  currency!: string;
  change!: Change;
  count!: number;
  /** By how much they change the sum of the payouts, in minor units. */
  difference!: number;
}

export class PreviewChangeDto {
  affiliateId!: string;
  currency!: string;
  change!: Change;
  /** What stood in the last run, paid or skipped, in minor units; null when it did not name them. */
  amountBefore!: number | null;
  /** What is paid or skipped now; null when nothing is due. */
  amountNow!: number | null;
  /** What is paid now less what was paid then. */
  difference!: number;
  /** The payout's status then, or `skipped`. */
  statusBefore!: PayoutStatus | 'skipped' | null;
  reasonBefore!: SkipReason | null;
  statusNow!: 'paid' | 'skipped' | null;
  reasonNow!: SkipReason | null;
}

/** What is different from the last run. */
export class PreviewChangesDto {
  runId!: string;
  /** The last run's month. */
  period!: string;
  /** Per currency and kind of change; the differences add up to the change of the payouts' sum. */
  sums!: ChangeSumDto[];
  /** Those for whom something changed; `same` is only counted. */
  affiliates!: PreviewChangeDto[];
}

export class PreviewDto {
  period!: string;
  cutOff!: string;
  payouts!: PreviewPayoutDto[];
  skipped!: PreviewSkipDto[];
  totals!: RunTotalDto[];
  funds!: PreviewFundsDto[];
  /** Null when there was no run before. */
  changes!: PreviewChangesDto | null;
}
