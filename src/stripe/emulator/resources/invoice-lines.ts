import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import { idOf, type Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';
import type { Period } from './subscription-periods.js';

type InvoiceItem = Wire<Stripe.InvoiceItem>;
export type InvoiceLine = Wire<Stripe.InvoiceLineItem>;
type SubscriptionItem = Wire<Stripe.SubscriptionItem>;

/** What a subscription item costs for one whole period, in minor units. */
export function itemAmount(item: Pick<SubscriptionItem, 'price' | 'quantity'>): number {
  return (item.price.unit_amount ?? 0) * (item.quantity ?? 1);
}

/** The line by which an invoice bills one item of a subscription for one period; a trial costs nothing. */
export function subscriptionLine(
  workspace: Workspace,
  item: SubscriptionItem,
  period: Period,
  trial: boolean,
): InvoiceLine {
  const product = workspace.find('product', idOf(item.price.product) ?? '')?.name ?? 'Subscription';
  const quantity = item.quantity ?? 1;
  return blankLine({
    amount: trial ? 0 : itemAmount(item),
    currency: item.price.currency,
    description: trial
      ? `Trial period for ${product}`
      : `${quantity} × ${product} (per ${item.price.recurring?.interval ?? 'period'})`,
    parent: {
      type: 'subscription_item_details',
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: false,
        proration_details: { credited_items: null },
        subscription: item.subscription,
        subscription_item: item.id,
      },
    },
    period,
    pricing: pricingOf(item.price),
    quantity,
    subscription: item.subscription,
  });
}

/** The line by which an invoice takes up a pending invoice item. */
export function invoiceItemLine(item: InvoiceItem): InvoiceLine {
  const origin = item.parent?.subscription_details;
  const subscription = idOf(origin?.subscription);
  const details = { proration: item.proration, proration_details: { credited_items: null }, subscription };
  return blankLine({
    amount: item.amount,
    currency: item.currency,
    description: item.description,
    discountable: item.discountable,
    metadata: item.metadata ?? {},
    parent: origin?.subscription_item
      ? {
          type: 'subscription_item_details',
          invoice_item_details: null,
          subscription_item_details: {
            ...details,
            invoice_item: item.id,
            subscription_item: origin.subscription_item,
          },
        }
      : {
          type: 'invoice_item_details',
          invoice_item_details: { ...details, invoice_item: item.id },
          subscription_item_details: null,
        },
    period: item.period,
    pricing: item.pricing,
    quantity: item.quantity,
    subscription,
  });
}

/** How a line or an invoice item tells which price it comes from. */
export function pricingOf(price: Wire<Stripe.Price>): NonNullable<InvoiceLine['pricing']> {
  return {
    type: 'price_details',
    price_details: { price: price.id, product: idOf(price.product) ?? '' },
    unit_amount_decimal: price.unit_amount_decimal,
  };
}

type LineParts = Pick<
  InvoiceLine,
  'amount' | 'currency' | 'description' | 'parent' | 'period' | 'pricing' | 'quantity' | 'subscription'
>;

function blankLine(parts: LineParts & Partial<InvoiceLine>): InvoiceLine {
  return {
    id: newId('il'),
    object: 'line_item',
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice: null,
    livemode: false,
    metadata: {},
    pretax_credit_amounts: [],
    quantity_decimal: String(parts.quantity ?? 1),
    subtotal: parts.amount,
    taxes: [],
    ...parts,
  };
}
