import { ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsEmail,
  IsIn,
  IsInt,
  IsISO31661Alpha2,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
} from 'class-validator';
import { PageQuery } from '../http/page-query.dto.js';
import { Trimmed } from '../http/trimmed.js';
import { CUSTOM_CODE_FORM } from './codes/affiliate-code.js';
import { AFFILIATE_STATUSES, type AffiliateStatus } from './affiliate-status.js';

const CODE_MESSAGE = { message: 'must have 3 to 32 letters, digits or dashes' };
const NOT_BLANK = /\S/;
const NOT_BLANK_MESSAGE = { message: 'must not be blank' };

/** A field may be missing from a patch, but not null. */
const IfGiven = () => ValidateIf((_body: object, value: unknown) => value !== undefined);

export class CreateAffiliateDto {
  /** The host's id of the user. One user is one affiliate.
   * @example 'user_42' */
  @IsString()
  @Length(1, 255)
  @Matches(NOT_BLANK, NOT_BLANK_MESSAGE)
  userId!: string;

  /** @example 'John Smith' */
  @IsString()
  @Length(1, 200)
  @Matches(NOT_BLANK, NOT_BLANK_MESSAGE)
  name!: string;

  /** For Stripe's onboarding and for recognising self-referrals.
   * @example 'john@example.com' */
  @IsOptional()
  @Trimmed()
  @IsEmail()
  @MaxLength(320)
  email?: string | null;

  /** A code of the host's choice; made from the name when not given.
   * @example 'JOHN-2027' */
  @IsOptional()
  @Matches(CUSTOM_CODE_FORM, CODE_MESSAGE)
  code?: string | null;

  /** The plan whose terms count; `default` when not given. */
  @IsOptional()
  @IsString()
  @Length(1, 64)
  planId?: string | null;

  /** An own rate in basis points, over the plan's: 2500 is 25 %. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(10_000)
  commissionRateBps?: number | null;

  /** ISO 3166-1 alpha-2; DEFAULT_COUNTRY when not given.
   * @example 'US' */
  @IsOptional()
  @IsISO31661Alpha2()
  country?: string | null;

  /** `pending` waits for staff. */
  @ApiPropertyOptional({ enum: ['pending', 'active'], default: 'active' })
  @IsOptional()
  @IsIn(['pending', 'active'])
  status?: 'pending' | 'active' | null;
}

export class UpdateAffiliateDto {
  @IfGiven()
  @IsString()
  @Length(1, 200)
  @Matches(NOT_BLANK, NOT_BLANK_MESSAGE)
  name?: string;

  /** Null removes it. */
  @IsOptional()
  @Trimmed()
  @IsEmail()
  @MaxLength(320)
  email?: string | null;

  /** Null is DEFAULT_COUNTRY. Only counts before the Stripe account is made. */
  @IsOptional()
  @IsISO31661Alpha2()
  country?: string | null;

  /** The code before stays an alias for ever. */
  @IfGiven()
  @Matches(CUSTOM_CODE_FORM, CODE_MESSAGE)
  code?: string;

  /** Counts for referrals from now on; those before keep their terms. */
  @IfGiven()
  @IsString()
  @Length(1, 64)
  planId?: string;

  /** Counts for invoices paid from now on; null ends it, so that the plan's rate counts again. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(10_000)
  commissionRateBps?: number | null;

  @ApiPropertyOptional({ enum: AFFILIATE_STATUSES })
  @IfGiven()
  @IsIn(AFFILIATE_STATUSES)
  status?: AffiliateStatus;
}

export class AffiliatesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: AFFILIATE_STATUSES })
  @IsOptional()
  @IsIn(AFFILIATE_STATUSES)
  status?: AffiliateStatus;

  /** The host's id of the user. */
  @IsOptional()
  @IsString()
  @MaxLength(255)
  userId?: string;

  /** A code in any case, also an earlier one. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  code?: string;
}

export class AffiliateDto {
  /** @example 'aff_01kb6xj3v5e0r8m2n4p6q8s0t2' */
  id!: string;
  /** @example 'user_42' */
  userId!: string;
  /** @example 'John Smith' */
  name!: string;
  /** @example 'john@example.com' */
  email!: string | null;
  /** @example 'US' */
  country!: string;
  /** @example 'JOHN-X7K2' */
  code!: string;
  /** @example 'https://partners.example.com/r/JOHN-X7K2' */
  referralUrl!: string;
  status!: AffiliateStatus;
  /** @example 'pln_default' */
  planId!: string;
  /** The affiliate's own rate in basis points; null: the plan's counts. */
  commissionRateBps!: number | null;
  /** @example 'acct_1AbCdEfGhIjKlMnO' */
  stripeAccountId!: string | null;
  /** Whether Stripe lets money through to the affiliate's bank. */
  payoutsEnabled!: boolean;
  /** @example '2026-12-01T12:00:00.000Z' */
  createdAt!: string;
}

export class AffiliatePageDto {
  data!: AffiliateDto[];
  /** Null on the last page. */
  nextCursor!: string | null;
}
