import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches, Validate, ValidatorConstraint } from 'class-validator';
import { StepCauseDto } from '../../commissions/commission.dto.js';
import { PageQuery } from '../../http/page-query.dto.js';
import { PayoutDto } from '../payout.dto.js';
import type { StatementKind } from './statement-kind.js';

export const STATEMENT_FORMATS = ['json', 'csv', 'pdf'] as const;
export type StatementFormat = (typeof STATEMENT_FORMATS)[number];

@ValidatorConstraint()
class IsLocale {
  validate(value: unknown): boolean {
    try {
      return typeof value === 'string' && Intl.NumberFormat.supportedLocalesOf(value).length > 0;
    } catch {
      // Intl's way of saying that it is no language tag at all.
      return false;
    }
  }

  defaultMessage(): string {
    return 'locale must be a language tag such as de-DE';
  }
}

export class StatementQuery extends PageQuery {
  /** `csv` and `pdf` are files with all items, whatever `limit` and `cursor` say. */
  @IsOptional()
  @IsIn(STATEMENT_FORMATS)
  format: StatementFormat = 'json';

  /** How a PDF writes amounts and dates, as a language tag. */
  @IsOptional()
  @Validate(IsLocale)
  locale: string = 'en-US';

  @ApiPropertyOptional({ description: '`nextCursor` of the page before.' })
  @IsOptional()
  @Matches(/^seq_\d{1,18}$/, { message: 'cursor must be the nextCursor of an earlier answer' })
  declare cursor?: string;
}

/** One posting that the payout settled. Amounts in minor units; those that lower the payout are below zero. */
export class StatementItemDto {
  /** The ledger's own id of the entry. */
  entryId!: string;
  kind!: StatementKind;
  /** When it happened in the world. */
  date!: string;
  /** What happened, in sentences for people. */
  description!: string;
  amount!: number;
  /** The calculation behind it; null where nothing was calculated. */
  formula!: string | null;
  /** The part of the invoice that the rate was applied to. */
  base!: number | null;
  rateBps!: number | null;
  commissionId!: string | null;
  invoiceId!: string | null;
  /** The host's id of the customer; masked for the affiliate. */
  customer!: string | null;
  /** The Stripe objects that brought it about. */
  causes!: StepCauseDto[];
  /** Of a claw-back, the payout that the commission was in; of a transfer reversal, the payout that came back. */
  earlierPayoutId!: string | null;
  /** Why staff adjusted. */
  reason!: string | null;
}

export class StatementTotalDto {
  kind!: StatementKind;
  count!: number;
  /** In minor units. */
  amount!: number;
}

export class StatementAffiliateDto {
  id!: string;
  name!: string;
  userId!: string;
  email!: string | null;
}

/** The affiliate's money in this currency around the payout, in minor units. */
export class StatementBalanceDto {
  /** Payable when the payout was made, all of its items included. */
  openingPayable!: number;
  /** What of it stayed payable: not due by the cut-off, or all of it when nothing was paid. */
  closingPayable!: number;
  /** Earned by then, and not payable yet. */
  closingHeld!: number;
}

/** A payout and every cent it is made of. The items of all pages add up to the payout's amount, and so do the totals. */
export class StatementDto {
  payout!: PayoutDto;
  /** What became payable by this moment is in it. */
  cutOff!: string;
  /** Who pays: the host of SITE_URL. */
  payer!: string;
  affiliate!: StatementAffiliateDto;
  /** What the affiliate has by this payout: nothing unless it was paid, and less what Stripe took back. In minor units. */
  received!: number;
  /** What there is to know about the status, in sentences; null for one that was simply paid. */
  notice!: string | null;
  totals!: StatementTotalDto[];
  balance!: StatementBalanceDto;
  /** In the order of posting, oldest first. */
  items!: StatementItemDto[];
  /** Null on the last page. */
  nextCursor!: string | null;
}
