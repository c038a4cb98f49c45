import { ApiProperty } from '@nestjs/swagger';
import { SKIP_REASONS, type SkipReason } from '../eligibility/eligibility.js';

export class PlannedRunDto {
  /** The run's month.
   * @example '2026-12' */
  period!: string;
  /** When it begins.
   * @example '2026-12-01T06:00:00.000Z' */
  date!: string;
}

/** What the next run would pay an affiliate in one currency, as things stand now. */
export class NextPayoutDto extends PlannedRunDto {
  currency!: string;
  /** What is payable now and what becomes payable by then, in minor units; below zero after a claw-back. */
  amount!: number;
  /** The least that is paid in this currency, in minor units. */
  minimum!: number;
  willBePaid!: boolean;
  /** All that keeps it from being paid, the most telling first; empty when it will be. */
  @ApiProperty({ enum: SKIP_REASONS, isArray: true })
  reasons!: SkipReason[];
}
