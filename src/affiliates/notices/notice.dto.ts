import { ApiProperty } from '@nestjs/swagger';
import { NOTICE_KINDS, type NoticeKind } from './notice-kind.js';

export class NoticeDto {
  /** @example 'ntc_01kb6xj3v5e0r8m2n4p6q8s0t2' */
  id!: string;
  /** `bank_payout_failed`: the affiliate's bank sent money back, which now waits at Stripe. `account_restricted`: Stripe
   * has paused the account. `account_gone`: the account was closed or disconnected. `requirements_due`: Stripe will pause the
   * account unless it gets something by a date. */
  @ApiProperty({ enum: NOTICE_KINDS })
  kind!: NoticeKind;
  /** What happened and what to do about it, for the affiliate to read.
   * @example 'Your bank sent 25.00 USD back: the bank account was closed. …' */
  message!: string;
  /** The same in figures and codes; its fields depend on the kind. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  details!: Record<string, unknown>;
  /** @example '2026-12-04T09:30:00.000Z' */
  occurredAt!: string;
  /** @example '2026-12-04T09:30:01.000Z' */
  createdAt!: string;
}

export class NoticePageDto {
  data!: NoticeDto[];
  nextCursor!: string | null;
}
