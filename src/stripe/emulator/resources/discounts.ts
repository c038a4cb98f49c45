import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import type { Parameters } from '../parameters.js';
import { idOf, type Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';
import type { AppliedDiscount } from './invoice-totals.js';
import { redeem } from './promotion-codes.js';

/** Turns the `discounts` parameter (coupons and promotion codes) into discounts; `undefined` when it was not sent. */
export function createDiscounts(
  workspace: Workspace,
  parameters: Parameters,
  owner: Partial<Wire<Stripe.Discount>>,
): string[] | undefined {
  return parameters.groups('discounts')?.map((entry) => {
    const named = entry.string('promotion_code');
    const promotionCode = named
      ? redeem(workspace, named, idOf(owner.customer ?? null), entry.pathOf('promotion_code'))
      : null;
    const coupon = promotionCode
      ? (idOf(promotionCode.promotion.coupon) ?? '')
      : workspace.resolve('coupon', entry.requiredString('coupon'), entry.pathOf('coupon')).id;
    return workspace.put('discount', {
      id: newId('di'),
      object: 'discount',
      checkout_session: null,
      customer: null,
      customer_account: null,
      end: null,
      invoice: null,
      invoice_item: null,
      promotion_code: promotionCode?.id ?? null,
      source: { type: 'coupon', coupon },
      start: workspace.nowSeconds,
      subscription: null,
      subscription_item: null,
      ...owner,
    }).id;
  });
}

/** The tax rates named by a parameter; `undefined` when it was not sent. */
export function namedTaxRates(
  workspace: Workspace,
  parameters: Parameters,
  name: string,
): Wire<Stripe.TaxRate>[] | undefined {
  return parameters.strings(name)?.map((id) => workspace.resolve('tax_rate', id, parameters.pathOf(name)));
}

/** What the given discounts take off. */
export function appliedDiscounts(workspace: Workspace, ids: string[]): AppliedDiscount[] {
  return ids.map((id) => appliedCoupon(id, couponOf(workspace, id)));
}

/** What a coupon takes off, as a discount of this id. */
export function appliedCoupon(id: string, { percent_off, amount_off }: Wire<Stripe.Coupon>): AppliedDiscount {
  return { id, percentOff: percent_off, amountOff: amount_off };
}

/** The discounts that go on after one invoice. */
export function lastingDiscounts(workspace: Workspace, ids: string[]): string[] {
  return ids.filter((id) => couponOf(workspace, id).duration !== 'once');
}

function couponOf(workspace: Workspace, discountId: string): Wire<Stripe.Coupon> {
  return workspace.get('coupon', idOf(workspace.get('discount', discountId).source.coupon) ?? '');
}
