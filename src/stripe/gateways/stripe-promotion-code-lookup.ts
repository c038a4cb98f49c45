import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { PromotionCodeLookup, type FoundPromotionCode } from '../../referrals/promotions/promotion-code-lookup.js';
import { listedIn } from '../stripe-object.js';
import { unlessMissing } from './stripe-errors.js';

@Injectable()
export class StripePromotionCodeLookup extends PromotionCodeLookup {
  constructor(private readonly stripe: Stripe) {
    super();
  }

  override async findById(id: string): Promise<FoundPromotionCode | null> {
    const found = await unlessMissing(this.stripe.promotionCodes.retrieve(id));
    return found && toFound(found);
  }

  override async findByCode(code: string): Promise<FoundPromotionCode[]> {
    return listedIn(await this.stripe.promotionCodes.list({ code, active: true })).map(toFound);
  }
}

function toFound({ id, code, active }: Stripe.PromotionCode): FoundPromotionCode {
  return { id, code, active };
}
