import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length } from 'class-validator';
import { PageQuery } from '../http/page-query.dto.js';
import { REVIEW_RULE_NAMES, type ReviewRuleName } from './review-rules.js';

export const REVIEW_STATUSES = ['open', 'approved', 'rejected'] as const;
export type ReviewStatus = (typeof REVIEW_STATUSES)[number];

export class ReviewCasesQuery extends PageQuery {
  @IsOptional()
  @IsString()
  @Length(1, 64)
  affiliateId?: string;

  @ApiProperty({ required: false, enum: REVIEW_STATUSES })
  @IsOptional()
  @IsIn(REVIEW_STATUSES)
  status?: ReviewStatus;

  @ApiProperty({ required: false, enum: REVIEW_RULE_NAMES })
  @IsOptional()
  @IsIn(REVIEW_RULE_NAMES)
  rule?: ReviewRuleName;
}

/** One finding. */
export class ReviewSignalDto {
  /** Names the finding, such as an invoice. */
  key!: string;
  /** The finding in a sentence. */
  summary!: string;
  /** What it rests on; no addresses or e-mails. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  evidence!: Record<string, unknown>;
  /** The other party: a domain, another affiliate, a customer. Null: it is about the affiliate alone. */
  subject!: string | null;
  /** The referral that it is about. Null: it is about all of the affiliate's. */
  referralId!: string | null;
  foundAt!: string;
}

/** A question to staff about one affiliate: what one rule found, and what was decided. */
export class ReviewCaseDto {
  id!: string;
  affiliateId!: string;
  @ApiProperty({ enum: REVIEW_RULE_NAMES })
  rule!: ReviewRuleName;
  /** What staff are asked. */
  question!: string;
  /** Whether the affiliate's money waits for the answer while the case is open. */
  holds!: boolean;
  @ApiProperty({ enum: REVIEW_STATUSES })
  status!: ReviewStatus;
  openedAt!: string;
  closedAt!: string | null;
  /** The staff user who decided. */
  decidedBy!: string | null;
  /** Why it was decided so. */
  reason!: string | null;
  /** The newest findings first, a hundred at most. */
  signals!: ReviewSignalDto[];
  /** How many findings there are in all. */
  @ApiProperty({ type: 'integer' })
  signalCount!: number;
}

export class ReviewCasePageDto {
  data!: ReviewCaseDto[];
  nextCursor!: string | null;
}
