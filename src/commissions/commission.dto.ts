import { IsIn, IsOptional, Matches } from 'class-validator';
import { CurrencyFilter, DateOrMoment, FileListQuery } from '../http/list-query.dto.js';

export const COMMISSION_STATES = ['held', 'payable', 'in_payout', 'paid', 'reversed'] as const;
export type CommissionState = (typeof COMMISSION_STATES)[number];

/** Filters of an affiliate's own commissions. */
export class MyCommissionsQuery extends FileListQuery {
  @IsOptional()
  @IsIn(COMMISSION_STATES)
  state?: CommissionState;

  /** Invoice paid at or after this date or moment (ISO 8601, UTC). */
  @DateOrMoment()
  from?: string;

  /** Invoice paid at or before this date or moment (ISO 8601, UTC); a date includes its whole day. */
  @DateOrMoment()
  to?: string;

  /** @example 'usd' */
  @CurrencyFilter()
  currency?: string;
}

export class CommissionsQuery extends MyCommissionsQuery {
  @IsOptional()
  @Matches(/^aff_[0-9a-z]{1,26}$/, { message: 'must be an id such as aff_01kb6xj3v5e0r8m2n4p6q8s0t2' })
  affiliateId?: string;

  @IsOptional()
  @Matches(/^ref_[0-9a-z]{1,26}$/, { message: 'must be an id such as ref_01kb6xj3v5e0r8m2n4p6q8s0t2' })
  referralId?: string;
}

/** A Stripe object that took money back, or did for a while. */
export class StepCauseDto {
  /** Stripe's id of the refund, dispute or credit note. */
  id!: string;
  type!: 'refund' | 'dispute' | 'credit_note';
  /** Its status when the step was posted. */
  status!: string;
  /** What the object moves in all, in minor units; an invoice may bear only a share of it. */
  amount!: number;
}

export const STEP_KINDS = ['earned', 'released', 'held', 'reversed', 'restored'] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/**
 * Why a step was taken: `losses`, money that went back to the customer or came from there again (see `causes`);
 * `rejected`, staff rejected the referral; `beyond_term`, an earlier first invoice came to light and this one lies beyond
 * the plan's months; `payout_returned`, a payout gave the money back while the customer's bank was asking.
 */
export const STEP_REASONS = ['losses', 'rejected', 'beyond_term', 'payout_returned'] as const;
export type StepReason = (typeof STEP_REASONS)[number];

/** One ledger entry of a commission, in the order of posting. */
export class ExplanationStepDto {
  /** The ledger's own id of the entry. */
  entryId!: string;
  kind!: StepKind;
  /** When it happened in the world. */
  occurredAt!: string;
  /** When it was posted. */
  recordedAt!: string;
  /** What it adds to or takes from the commission, in minor units; 0 when money only became payable or held. */
  change!: number;
  /** What the entry moves, in minor units and never below zero: also what became payable or is held back. */
  moved!: number;
  /** The commission's net amount after it. */
  netAmount!: number;
  /** What of the payment had gone back to the customer by then. */
  lost!: number;
  /** One sentence for people. */
  summary!: string;
  /** The calculation behind `netAmount`, to be followed with a calculator; null where nothing was calculated. */
  formula!: string | null;
  /** The Stripe objects that changed since the step before. */
  causes!: StepCauseDto[];
  /** Null where there is nothing to say beyond `kind`. */
  reason!: StepReason | null;
  /** The Stripe event that was being worked on; null for what the passing of time or the host brought about. */
  stripeEventId!: string | null;
}

/** The working behind a commission: enough to recompute it by hand. Amounts in minor units. */
export class ExplanationDto {
  /**
   * Which part of the invoice's money earned: what came through Stripe, or what was paid out of band and accepted by
   * staff. An invoice that was paid both ways has a commission for each.
   */
  part!: 'stripe' | 'out_of_band';
  /** What the customer paid on the invoice by that part. */
  invoiceAmountPaid!: number;
  /** The tax within the invoice's total; it earns nothing. */
  taxAmount!: number;
  invoiceTotal!: number;
  invoiceTotalExcludingTax!: number;
  /** The part of the payment that the rate is applied to. */
  base!: number;
  /** What of the payment was refunded, disputed or credited since. */
  lost!: number;
  rateBps!: number;
  planVersionId!: string;
  /** Whether the rate is the affiliate's own or the plan's. */
  rateSource!: 'affiliate' | 'plan';
  /** The calculation of the present net amount, to be followed with a calculator. */
  formula!: string;
  /** The net amount before rounding, in minor units. */
  roundedFrom!: string;
  rounding!: 'down';
  /** From what the invoice earned to what the commission is worth now: each ledger entry, oldest first. */
  steps!: ExplanationStepDto[];
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
