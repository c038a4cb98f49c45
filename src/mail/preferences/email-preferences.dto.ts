import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, ValidateIf } from 'class-validator';
import { MAIL_LOCALES, type MailLocale } from '../../config/environment.js';

/** A field may be missing from a patch, but not null. */
const IfGiven = () => ValidateIf((_body: object, value: unknown) => value !== undefined);

export class EmailPreferencesDto {
  /** Whether this service sends e-mails at all. */
  enabled!: boolean;
  /** Where they go; without an address none are sent.
   * @example 'john@example.com' */
  email!: string | null;
  /** The language they are written in; null: the operator's default. */
  locale!: MailLocale | null;
  /** When the first customer pays. */
  firstConversion!: boolean;
  /** What the month came to, after its payout run. */
  monthlyStatement!: boolean;
  /** When money was sent. */
  payoutPaid!: boolean;
}

/** What is given is changed, the rest stays. Messages about the account itself cannot be switched off. */
export class UpdateEmailPreferencesDto {
  @ApiPropertyOptional({ enum: MAIL_LOCALES, nullable: true })
  @IsOptional()
  @IsIn(MAIL_LOCALES)
  locale?: MailLocale | null;

  @IfGiven()
  @IsBoolean()
  firstConversion?: boolean;

  @IfGiven()
  @IsBoolean()
  monthlyStatement?: boolean;

  @IfGiven()
  @IsBoolean()
  payoutPaid?: boolean;
}
