import { IsString, Length } from 'class-validator';

export class AddPromotionCodeDto {
  /** The promotion code at Stripe: its id (`promo_…`), or the letters that customers type in. It must be active. */
  @IsString()
  @Length(1, 255)
  promotionCode!: string;
}

/** A promotion code of Stripe's that credits the affiliate whose customers use it. */
export class PromotionCodeDto {
  id!: string;
  affiliateId!: string;
  stripePromotionCodeId!: string;
  /** What customers type in, as Stripe had it when the code was added. */
  code!: string;
  /** Counts for what is redeemed from this moment on. */
  createdAt!: string;
}

export class PromotionCodePageDto {
  data!: PromotionCodeDto[];
  nextCursor!: string | null;
}
