import { IsString, Length, Matches } from 'class-validator';

export const ERASURE_STATUSES = ['pending', 'completed'] as const;
export type ErasureStatus = (typeof ERASURE_STATUSES)[number];

export class CreateErasureDto {
  /** The host's id of the user, who may be an affiliate, a referred user, both or neither.
   * @example 'user_42' */
  @IsString()
  @Length(1, 255)
  @Matches(/\S/, { message: 'must not be blank' })
  userId!: string;
}

export class ErasureDto {
  /** @example 'era_01kb6w2jh4f8t3zq9x0m7n5c1d' */
  id!: string;
  /** `pending` while stored events, decisions and clicks are still being searched; who the person is, is erased already. */
  status!: ErasureStatus;
  /** What stands wherever the user id stood. It is random: nothing leads back from it. */
  pseudonym!: string;
  /** The affiliate that the user was. */
  affiliateId!: string | null;
  /** The referral that the user was. */
  referralId!: string | null;
  /** What is erased, in words. */
  erases!: string[];
  /** What stays, under the pseudonym, in words. */
  keeps!: string[];
  requestedAt!: string;
  completedAt!: string | null;
}
