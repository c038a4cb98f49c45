import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import type { Parameters } from '../parameters.js';
import { idOf, type Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';
import type { AppliedDiscount } from './invoice-totals.js';

/** Turns the `discounts` parameter (coupons) into discounts; `undefined` when it was not sent. */
export function createDiscounts(
  workspace: Workspace,
  parameters: Parameters,
  owner: Partial<Wire<Stripe.Discount>>,
): string[] | undefined {
  return parameters.groups('discounts')?.map((entry) => {
    const coupon = workspace.resolve('coupon', entry.requiredString('coupon'), entry.pathOf('coupon'));
    return workspace.put('discount', {
      id: newId('di'),
      object: 'discount',
      checkout_session: null,
      customer: null,
      customer_account: null,
      end: null,
      invoice: null,
      invoice_item: null,
      promotion_code: null,
      source: { type: 'coupon', coupon: coupon.id },
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
  return ids.map((id) => {
    const coupon = couponOf(workspace, id);
    return { id, percentOff: coupon.percent_off, amountOff: coupon.amount_off };
  });
}

/** The discounts that go on after one invoice. */
export function lastingDiscounts(workspace: Workspace, ids: string[]): string[] {
  return ids.filter((id) => couponOf(workspace, id).duration !== 'once');
}

function couponOf(workspace: Workspace, discountId: string): Wire<Stripe.Coupon> {
  return workspace.get('coupon', idOf(workspace.get('discount', discountId).source.coupon) ?? '');
}
