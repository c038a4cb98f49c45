import { Type } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';

export class SubIdsQuery {
  /** How many to return. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit: number = 20;
}

export class SubIdDto {
  /** The affiliate's own note on the link: `referralUrl?sub=newsletter`.
   * @example 'newsletter' */
  subId!: string;
  clicks!: number;
}

export class SubIdsDto {
  data!: SubIdDto[];
}
