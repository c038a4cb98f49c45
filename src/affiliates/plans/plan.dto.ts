import { IsInt, IsOptional, IsString, Length, Matches, Max, Min } from 'class-validator';

const MONTHS_MAX = 1200;

export class PlanTermsDto {
  /** Basis points of what the customer paid without tax: 2000 is 20 %. */
  @IsInt()
  @Min(0)
  @Max(10_000)
  rateBps!: number;

  /** For how many months after a customer's first invoice; null is for life. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MONTHS_MAX)
  durationMonths?: number | null;

  /** How many days a commission is held before it can be paid. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(365)
  holdDays?: number = 0;
}

export class CreatePlanDto extends PlanTermsDto {
  /** @example 'partners' */
  @IsString()
  @Length(1, 100)
  @Matches(/\S/, { message: 'must not be blank' })
  name!: string;
}

/** A plan with the terms that are in force now. */
export class PlanDto {
  /** @example 'pln_default' */
  id!: string;
  /** @example 'default' */
  name!: string;
  /** Counts up; the terms of a version never change. */
  version!: number;
  /** @example 'plv_default' */
  planVersionId!: string;
  /** @example 2000 */
  rateBps!: number;
  /** Null: for life. */
  durationMonths!: number | null;
  holdDays!: number;
  createdAt!: string;
}

export class PlanPageDto {
  data!: PlanDto[];
  /** Null on the last page. */
  nextCursor!: string | null;
}
