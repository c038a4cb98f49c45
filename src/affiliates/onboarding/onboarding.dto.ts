import { IsOptional, IsString, MaxLength } from 'class-validator';

const URL_LENGTH_MAX = 2048;

export class CreateOnboardingLinkDto {
  /** Where Stripe sends the affiliate afterwards, on an allowed host; a page of this service when not given.
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
