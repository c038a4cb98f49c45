import { IsIn, IsISO8601, IsOptional, Matches } from 'class-validator';
import { PageQuery } from '../http/pagination.js';

export const COMMISSION_STATES = ['held', 'payable', 'in_payout', 'paid', 'reversed'] as const;
export type CommissionState = (typeof COMMISSION_STATES)[number];

/** Filters of an affiliate's own commissions. */
export class MyCommissionsQuery extends PageQuery {
  @IsOptional()
  @IsIn(COMMISSION_STATES)
  state?: CommissionState;

  /** Invoice paid at or after this date or moment (ISO 8601, UTC). */
  @IsOptional()
  @IsISO8601({ strict: true })
  from?: string;

  /** Invoice paid at or before this date or moment (ISO 8601, UTC); a date includes its whole day. */
  @IsOptional()
  @IsISO8601({ strict: true })
  to?: string;
}

export class CommissionsQuery extends MyCommissionsQuery {
  @IsOptional()
  @Matches(/^aff_[0-9a-z]{1,26}$/)
  affiliateId?: string;

  @IsOptional()
  @Matches(/^ref_[0-9a-z]{1,26}$/)
  referralId?: string;
}

/** The working behind a commission: enough to recompute it by hand. Amounts in minor units. */
export class ExplanationDto {
  /** What the customer paid on the invoice through Stripe. */
  invoiceAmountPaid!: number;
  /** The tax within the invoice's total; it earns nothing. */
  taxAmount!: number;
  invoiceTotal!: number;
  invoiceTotalExcludingTax!: number;
  /** The part of the payment that the rate is applied to. */
  base!: number;
  /** Refunded, disputed or credited since. */
  lost!: number;
  rateBps!: number;
  planVersionId!: string;
  /** Whether the rate is the affiliate's own or the plan's. */
  rateSource!: 'affiliate' | 'plan';
  /** The calculation, to be followed with a calculator. */
  formula!: string;
  /** The amount before rounding, in minor units. */
  roundedFrom!: string;
  rounding!: 'down';
}

export class CommissionDto {
  id!: string;
  affiliateId!: string;
  referralId!: string;
  invoiceId!: string;
  /** What the invoice earned, in minor units. */
  amount!: number;
  reversedAmount!: number;
  /** amount − reversedAmount. */
  netAmount!: number;
  currency!: string;
  state!: CommissionState;
  /** From when it is payable. */
  availableAt!: string;
  paidAt!: string | null;
  payoutId!: string | null;
  createdAt!: string;
  explanation!: ExplanationDto;
}

export class CommissionPageDto {
  data!: CommissionDto[];
  /** Null on the last page. */
  nextCursor!: string | null;
}

export class BalanceDto {
  currency!: string;
  /** Earned, but its hold has not run out. */
  held!: number;
  /** Goes into the next payout; below zero after a claw-back. */
  payable!: number;
  /** Reserved by a payout that is under way. */
  inPayout!: number;
  paid!: number;
  /** Everything ever earned, less what was reversed. */
  lifetimeEarned!: number;
}

export class BalancesDto {
  balances!: BalanceDto[];
}
