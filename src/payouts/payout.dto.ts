import { IsIn, IsOptional, Matches } from 'class-validator';
import { CurrencyFilter, DatedListQuery } from '../http/list-query.dto.js';
import type { SkipReason } from './eligibility/eligibility.js';
import { PAYOUT_STATUSES, type PayoutRunStatus, type PayoutStatus } from './payout-status.js';

/** Filters of an affiliate's own payouts. */
export class MyPayoutsQuery extends DatedListQuery {
  @IsOptional()
  @IsIn(PAYOUT_STATUSES)
  status?: PayoutStatus;

  /** @example 'usd' */
  @CurrencyFilter()
  currency?: string;
}

export class PayoutsQuery extends MyPayoutsQuery {
  @IsOptional()
  @Matches(/^aff_[0-9a-z]{1,26}$/, { message: 'must be an id such as aff_01kb6xj3v5e0r8m2n4p6q8s0t2' })
  affiliateId?: string;

  @IsOptional()
  @Matches(/^run_[0-9a-z]{1,26}$/, { message: 'must be an id such as run_01kb6xj3v5e0r8m2n4p6q8s0t2' })
  runId?: string;
}

export class PayoutDto {
  id!: string;
  affiliateId!: string;
  runId!: string;
  /** The run's month: `2026-12`. */
  period!: string;
  /** In minor units. */
  amount!: number;
  amountReversed!: number;
  currency!: string;
  status!: PayoutStatus;
  stripeTransferId!: string | null;
  failureCode!: string | null;
  failureMessage!: string | null;
  /** How often a transfer was asked for. */
  attempts!: number;
  createdAt!: string;
  paidAt!: string | null;
}

export class PayoutPageDto {
  data!: PayoutDto[];
  /** Null on the last page. */
  nextCursor!: string | null;
}

export class RunTotalDto {
  currency!: string;
  count!: number;
  /** In minor units. */
  amount!: number;
}

export class SkippedCountDto {
  reason!: SkipReason;
  count!: number;
}

/** How many payouts of a run stand where. */
export class PayoutProgressDto {
  payouts!: number;
  pending!: number;
  /** Also those that were reversed later. */
  paid!: number;
  failed!: number;
  canceled!: number;
}

export class RunDecisionDto {
  made!: 'approved' | 'canceled';
  by!: string;
  at!: string;
  reason!: string | null;
}

export class PayoutRunDto {
  id!: string;
  period!: string;
  /** What was earned by then is in it. */
  cutOff!: string;
  status!: PayoutRunStatus;
  /** Why sending was stopped until somebody has looked; null otherwise. */
  haltedReason!: string | null;
  /** The last decision of staff about it. */
  decision!: RunDecisionDto | null;
  progress!: PayoutProgressDto;
  /** Always false: a preview is no run. */
  dryRun!: boolean;
  totals!: RunTotalDto[];
  skipped!: SkippedCountDto[];
  startedAt!: string;
  finishedAt!: string | null;
}

export class PayoutRunPageDto {
  data!: PayoutRunDto[];
  /** Null on the last page. */
  nextCursor!: string | null;
}
