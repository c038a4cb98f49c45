import {
  IsEmail,
  IsIn,
  IsIP,
  IsISO8601,
  IsOptional,
  IsString,
  Length,
  Matches,
  MaxLength,
  ValidateIf,
} from 'class-validator';
import { CurrencyFilter, DatedListQuery } from '../http/list-query.dto.js';
import { Trimmed } from '../http/trimmed.js';

export const REFERRAL_STATUSES = ['trial', 'paid', 'churned'] as const;
export type ReferralStatus = (typeof REFERRAL_STATUSES)[number];

const NOT_BLANK = /\S/;
const NOT_BLANK_MESSAGE = { message: 'must not be blank' };
const STRIPE_CUSTOMER_FORM = /^[\w-]{1,255}$/;
const STRIPE_CUSTOMER_MESSAGE = { message: 'must be the id of a Stripe customer (cus_…)' };

/**
 * A signup, as the host reports it. `clickId` or `code` must be there, or both; or the `stripeCustomerId` of somebody who
 * used an affiliate's promotion code.
 */
export class CreateReferralDto {
  /** The host's id of the user who signed up. */
  @IsString()
  @Length(1, 255)
  @Matches(NOT_BLANK, NOT_BLANK_MESSAGE)
  referredUserId!: string;

  /** `click_id` of the landing page's URL, or the cookie `fs_click`. A stored click decides, whatever the code says. */
  @IsOptional()
  @IsString()
  @Length(1, 255)
  clickId?: string | null;

  /** `ref` of the landing page's URL, or typed in by the user. */
  @IsOptional()
  @IsString()
  @Length(1, 255)
  code?: string | null;

  /** The signup's address, for the fraud rules. Only a keyed hash is compared; the address is not stored. */
  @IsOptional()
  @IsIP()
  ip?: string | null;

  /** For recognising self-referrals; stored masked. */
  @IsOptional()
  @Trimmed()
  @IsEmail()
  @MaxLength(320)
  email?: string | null;

  /** Binds the Stripe customer whose invoices earn. May be bound later. */
  @IsOptional()
  @Matches(STRIPE_CUSTOMER_FORM, STRIPE_CUSTOMER_MESSAGE)
  stripeCustomerId?: string | null;

  /** When the user signed up, ISO 8601; now when not given. The attribution window is measured with it. */
  @IsOptional()
  @MaxLength(40)
  @IsISO8601({ strict: true, strictSeparator: true })
  @Matches(/(Z|[+-]\d\d:\d\d)$/, { message: 'must end with its time zone: Z or +hh:mm' })
  occurredAt?: string | null;
}

export class UpdateReferralDto {
  /** Binds a Stripe customer; null unbinds. */
  @ValidateIf((body: UpdateReferralDto) => body.stripeCustomerId !== undefined && body.stripeCustomerId !== null)
  @Matches(STRIPE_CUSTOMER_FORM, STRIPE_CUSTOMER_MESSAGE)
  stripeCustomerId?: string | null;
}

/** Filters of an affiliate's own referrals. */
export class MyReferralsQuery extends DatedListQuery {
  @IsOptional()
  @IsIn(REFERRAL_STATUSES)
  status?: ReferralStatus;

  /** @example 'usd' */
  @CurrencyFilter()
  currency?: string;
}

export class ReferralsQuery extends MyReferralsQuery {
  @IsOptional()
  @Matches(/^aff_[0-9a-z]{1,26}$/, { message: 'must be an id such as aff_01kb6xj3v5e0r8m2n4p6q8s0t2' })
  affiliateId?: string;
}

export class ReferralDto {
  id!: string;
  affiliateId!: string;
  /** Masked where the affiliate asks. */
  referredUserId!: string;
  status!: ReferralStatus;
  /** Monthly recurring revenue in minor units, before discounts and tax; 0 after churn. */
  mrr!: number;
  /** Null until the first subscription or invoice. */
  currency!: string | null;
  /** What this referral's commissions have earned, less what was reversed; minor units. */
  lifetimeEarned!: number;
  clickId!: string | null;
  stripeCustomerId!: string | null;
  createdAt!: string;
  /** When the first invoice above zero was paid. */
  convertedAt!: string | null;
  churnedAt!: string | null;
}

export class ReferralPageDto {
  data!: ReferralDto[];
  nextCursor!: string | null;
}
