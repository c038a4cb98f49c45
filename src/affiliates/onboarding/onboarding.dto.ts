import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';

const URL_LENGTH_MAX = 2048;

export class CreateOnboardingLinkDto {
  /** Where Stripe sends the affiliate afterwards, on an allowed host or in the dashboard; a page of this service when not given.
   * @example 'https://app.example.com/affiliates' */
  @IsOptional()
  @IsString()
  @MaxLength(URL_LENGTH_MAX)
  returnUrl?: string | null;

  /** Where Stripe sends an affiliate whose link has expired; should ask for a new link. */
  @IsOptional()
  @IsString()
  @MaxLength(URL_LENGTH_MAX)
  refreshUrl?: string | null;
}

export class OnboardingLinkDto {
  /** @example 'https://connect.stripe.com/setup/e/acct_1AbCdEfGhIjKlMnO/AbCdEfGhIjKl' */
  url!: string;
  /** @example '2026-12-01T12:05:00.000Z' */
  expiresAt!: string;
}

export const ONBOARDING_STATUSES = ['not_started', 'in_progress', 'complete', 'restricted', 'closed'] as const;
export type OnboardingStatus = (typeof ONBOARDING_STATUSES)[number];

export class OnboardingRequirementDto {
  /** Stable: `date_of_birth`, `bank_account`. Of something new at Stripe, Stripe's own code.
   * @example 'document' */
  code!: string;
  /** What the affiliate has to do.
   * @example 'Upload a photo of your identity document.' */
  text!: string;
  /** What Stripe says is wrong with what was handed in, in Stripe's own words; part of `text`, too.
   * @example 'The document could not be read.' */
  problem!: string | null;
  /** By when, where Stripe sets a date.
   * @example '2026-12-15T00:00:00.000Z' */
  dueAt!: string | null;
  /** Overdue: until it is there, nothing is paid. */
  pastDue!: boolean;
  /** The requirements of Stripe that it stands for.
   * @example ['individual.verification.document'] */
  stripeCodes!: string[];
}

export class AffiliateAccountDto {
  /** @example 'acct_1AbCdEfGhIjKlMnO' */
  stripeAccountId!: string;
  /** @example '2026-11-02T08:00:00.000Z' */
  connectedAt!: string;
  /** When another account took its place; null for the present one. */
  replacedAt!: string | null;
}

export class OnboardingDto {
  /** `complete`: can be paid. `restricted`: could be once, and Stripe has paused it. `closed`: the account was closed or
   * disconnected; a new onboarding link makes another one. */
  @ApiProperty({ enum: ONBOARDING_STATUSES })
  status!: OnboardingStatus;
  /** @example 'US' */
  country!: string;
  /** @example 'acct_1AbCdEfGhIjKlMnO' */
  stripeAccountId!: string | null;
  /** Whether Stripe lets money through to the affiliate's bank. */
  payoutsEnabled!: boolean;
  /** What Stripe wants now, overdue first. */
  requirements!: OnboardingRequirementDto[];
  /** What is missing for being paid, for the affiliate to read.
   * @example 'Stripe has paused your payouts until it has what is overdue. Open a new onboarding link and upload a photo of your identity document.' */
  message!: string;
  /** When Stripe was last asked; null before the first time.
   * @example '2026-12-01T12:00:00.000Z' */
  checkedAt!: string | null;
  /** Every Stripe account the affiliate has had, newest first. A payout stays with the account it went to. */
  accounts!: AffiliateAccountDto[];
}
