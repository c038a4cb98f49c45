import type { Stripe } from 'stripe';
import type { Parameters } from '../parameters.js';
import { invalidParameter, refused } from '../stripe-problem.js';
import { idOf, type Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';
import { appliedCoupon } from './discounts.js';
import { invoiceTotals } from './invoice-totals.js';
import { findActive } from './promotion-codes.js';

type Session = Wire<Stripe.Checkout.Session>;
type LineItem = Wire<Stripe.LineItem>;
export type SessionDiscount = NonNullable<Session['discounts']>[number];

/** The discount that the host gave a session: one at most, as at Stripe. */
export function discountsOf(workspace: Workspace, parameters: Parameters): SessionDiscount[] {
  const entries = parameters.groups('discounts') ?? [];
  if (entries.length > 1)
    throw invalidParameter('parameter_invalid', 'discounts', 'A session takes one discount at most.');
  return entries.map((entry) => {
    const named = entry.string('promotion_code');
    if (named) return ofPromotionCode(workspace.resolve('promotion_code', named, entry.pathOf('promotion_code')).id);
    return {
      coupon: workspace.resolve('coupon', entry.requiredString('coupon'), entry.pathOf('coupon')).id,
      promotion_code: null,
    };
  });
}

/** The code that a customer types in on the page. @throws StripeProblem when the page takes none, or not this one. */
export function typedIn(workspace: Workspace, session: Session, code: string): SessionDiscount[] {
  const found = session.allow_promotion_codes ? findActive(workspace, code, idOf(session.customer)) : null;
  if (!found) throw refused('promotion_code_invalid', `This code is invalid: ${code}`, 'promotion_code');
  return [ofPromotionCode(found.id)];
}

/** What the session comes to with its discounts. */
export function discounted(
  workspace: Workspace,
  lineItems: LineItem[],
  discounts: SessionDiscount[],
): Pick<Session, 'amount_subtotal' | 'amount_total' | 'discounts' | 'total_details'> {
  const lines = lineItems.map(({ amount_subtotal: amount }) => ({ amount, discountable: true, taxRates: [] }));
  const applied = discounts.map((discount, index) => appliedCoupon(String(index), couponOf(workspace, discount)));
  const { subtotal, total } = invoiceTotals(lines, applied);
  return {
    amount_subtotal: subtotal,
    amount_total: total,
    discounts,
    total_details: { amount_discount: subtotal - total, amount_shipping: 0, amount_tax: 0 },
  };
}

/** As the parameters of the subscription that the session makes. */
export function subscriptionDiscounts(session: Session): { [key: string]: string }[] {
  return (session.discounts ?? []).map(({ coupon, promotion_code: promotionCode }): { [key: string]: string } => {
    const named = idOf(promotionCode);
    return named === null ? { coupon: idOf(coupon) ?? '' } : { promotion_code: named };
  });
}

function ofPromotionCode(id: string): SessionDiscount {
  return { coupon: null, promotion_code: id };
}

function couponOf(
  workspace: Workspace,
  { coupon, promotion_code: promotionCode }: SessionDiscount,
): Wire<Stripe.Coupon> {
  const named = idOf(promotionCode);
  const id = named === null ? idOf(coupon) : idOf(workspace.get('promotion_code', named).promotion.coupon);
  return workspace.get('coupon', id ?? '');
}
