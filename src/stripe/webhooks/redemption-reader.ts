import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { Config } from '../../config/config.js';
import type { Tx } from '../../database/database.js';
import {
  PromotionRedemptions,
  type PromotionUse,
  type RedeemingCustomer,
} from '../../referrals/promotions/promotion-redemptions.service.js';
import { unlessMissing } from '../gateways/stripe-errors.js';
import { idOf, metadataValue } from '../stripe-object.js';
import type { Apply } from './event-handlers.js';

/** A discount as an object shows it, if it was asked to. */
type ShownDiscount = string | Stripe.Discount | Stripe.DeletedDiscount | null | undefined;

/** What an event tells of its customer, and how to find out which promotion codes they used. */
export interface SeenCustomer extends Omit<RedeemingCustomer, 'customerId'> {
  customerId: string | null;
  findUses: () => PromotionUse[] | Promise<PromotionUse[]>;
}

/** The way from a discount to the affiliate whose promotion code it was redeemed with. */
@Injectable()
export class RedemptionReader {
  constructor(
    private readonly config: Config,
    private readonly stripe: Stripe,
    private readonly redemptions: PromotionRedemptions,
  ) {}

  /** Whether any affiliate has, or ever had, a promotion code. */
  areInUse(): Promise<boolean> {
    return this.redemptions.areInUse();
  }

  /** Those of these customers of whom something that they redeemed waits for a decision. */
  findWaiting(customerIds: string[]): Promise<ReadonlySet<string>> {
    return this.redemptions.findWaiting(customerIds);
  }

  /**
   * Gathers what the customer used, and who they are; what comes of it is for after the event's own effects. Null where no
   * affiliate has a promotion code, so that nothing can come of it.
   */
  async prepare({ customerId, referredUserId, email, findUses }: SeenCustomer): Promise<Apply | null> {
    if (customerId === null || !(await this.redemptions.areInUse())) return null;
    const found = await findUses();
    const uses = found.length > 0 ? await this.redemptions.ofAffiliates(found) : [];
    const customer: RedeemingCustomer = { customerId, referredUserId, email };
    const isAsked = uses.length > 0 || (await this.redemptions.findWaiting([customerId])).size > 0;
    const known = isAsked ? await this.withStripesWord(customer) : customer;
    return (tx: Tx) => this.redemptions.record(tx, known, uses);
  }

  /** The same for a customer of whom nothing has happened: what was redeemed before is decided now. */
  async prepareWaiting(customerId: string): Promise<Apply> {
    const known = await this.withStripesWord({ customerId, referredUserId: null, email: null });
    return (tx: Tx) => this.redemptions.record(tx, known, []);
  }

  private async withStripesWord({ customerId, referredUserId, email }: RedeemingCustomer): Promise<RedeemingCustomer> {
    const found = await unlessMissing(this.stripe.customers.retrieve(customerId));
    const customer = found && !found.deleted ? found : null;
    return {
      customerId,
      referredUserId: referredUserId ?? metadataValue(customer?.metadata, this.config.referredUserMetadataKey),
      email: email ?? customer?.email ?? null,
    };
  }
}

/** The promotion codes behind discounts that are shown as objects; a use begins with its discount. */
export function usesOf(discounts: ShownDiscount[]): PromotionUse[] {
  return discounts.flatMap((discount) => {
    if (!discount || typeof discount === 'string') return [];
    const stripePromotionCodeId = idOf(discount.promotion_code);
    return stripePromotionCodeId ? [{ stripePromotionCodeId, usedAt: new Date(discount.start * 1000) }] : [];
  });
}
