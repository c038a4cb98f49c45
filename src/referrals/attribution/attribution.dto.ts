import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, IsString, Length } from 'class-validator';
import { PageQuery } from '../../http/page-query.dto.js';
import { ReferralDto } from '../referral.dto.js';
import type { Finding, RefusalReason } from './attribution-rule.js';

/** 201 with the new referral, 200 with the first one or with the reason of a refusal. */
export class AttributionDto {
  attributed!: boolean;
  referral?: ReferralDto;
  /** Why the affiliate was not credited. */
  reason?: RefusalReason;
  /** Read the whole trace with GET /v1/attribution-decisions/:id. */
  decisionId?: string;
}

export class DecisionsQuery extends PageQuery {
  @IsOptional()
  @IsString()
  @Length(1, 255)
  referredUserId?: string;

  @IsOptional()
  @IsString()
  @Length(1, 255)
  code?: string;

  @IsOptional()
  @IsString()
  @Length(1, 255)
  clickId?: string;
}

export class RuleVerdictDto {
  rule!: RefusalReason | 'attribution_precedence';
  finding!: Finding;
  /** What the finding rests on; no raw addresses or e-mails. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  evidence!: Record<string, unknown>;
  sentence!: string;
}

/** What the host sent; the e-mail is masked, the address left out. */
export class DecisionInputsDto {
  clickId!: string | null;
  code!: string | null;
  ipGiven!: boolean;
  email!: string | null;
  stripeCustomerId!: string | null;
}

/** Answers "why was I (not) credited?". */
export class DecisionDto {
  id!: string;
  referredUserId!: string;
  affiliateId!: string | null;
  code!: string | null;
  clickId!: string | null;
  attributed!: boolean;
  /** Null when attributed. */
  reason!: RefusalReason | null;
  referralId!: string | null;
  /** The answer in a sentence. */
  summary!: string;
  inputs!: DecisionInputsDto;
  /**
   * Every rule in the order in which they refuse, also those after the first refusal. Where a promotion code was redeemed
   * `attribution_precedence` comes last: whether the code or the link decides, and why.
   */
  rules!: RuleVerdictDto[];
  occurredAt!: string;
  createdAt!: string;
}

export class DecisionPageDto {
  data!: DecisionDto[];
  nextCursor!: string | null;
}
