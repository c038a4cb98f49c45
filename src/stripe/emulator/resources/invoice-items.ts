import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import { listPage } from '../listing.js';
import type { Parameters } from '../parameters.js';
import { route, type Call, type Route } from '../router.js';
import { invalidParameter, missingParameter, refused } from '../stripe-problem.js';
import { idOf, type Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';
import { namedTaxRates } from './discounts.js';
import { withTotals } from './invoice-lifecycle.js';
import { invoiceItemLine, pricingOf } from './invoice-lines.js';
import type { Period } from './subscription-periods.js';

export type InvoiceItem = Wire<Stripe.InvoiceItem>;

export const invoiceItemRoutes: Route[] = [
  route('POST', '/v1/invoiceitems', createInvoiceItem),
  route('GET', '/v1/invoiceitems', listInvoiceItems),
  route('GET', '/v1/invoiceitems/:id', ({ workspace, path }) => workspace.get('invoiceitem', path.id ?? '')),
];

/** Creates an item that waits for the customer's next invoice, or adds it to a draft at once. */
function createInvoiceItem({ workspace, parameters }: Call): InvoiceItem {
  const customer = workspace.resolve('customer', parameters.requiredString('customer'), 'customer');
  const draftId = parameters.string('invoice') ?? null;
  const draft = draftId === null ? null : workspace.resolve('invoice', draftId, 'invoice');
  if (draft && draft.status !== 'draft')
    throw refused('invoice_not_editable', 'The invoice is not a draft.', 'invoice');
  const subscription = parameters.string('subscription') ?? null;
  if (subscription !== null) workspace.resolve('subscription', subscription, 'subscription');
  const item = addInvoiceItem(workspace, {
    ...costOf(workspace, parameters, draft?.currency),
    customer: customer.id,
    description: parameters.string('description') ?? null,
    discountable: parameters.boolean('discountable') ?? true,
    invoice: draftId,
    metadata: parameters.metadata(),
    subscription,
    taxRates: namedTaxRates(workspace, parameters, 'tax_rates') ?? [],
  });
  if (draft) {
    const line = { ...invoiceItemLine(item), invoice: draft.id };
    workspace.put(
      'invoice',
      withTotals(workspace, { ...draft, lines: { ...draft.lines, data: [line, ...draft.lines.data] } }),
    );
  }
  return item;
}

export interface NewInvoiceItem {
  amount: number;
  currency: string;
  customer: string;
  description: string | null;
  quantity: number;
  pricing: InvoiceItem['pricing'];
  discountable?: boolean;
  invoice?: string | null;
  metadata?: { [key: string]: string };
  period?: Period;
  proration?: boolean;
  subscription?: string | null;
  subscriptionItem?: string;
  taxRates?: Wire<Stripe.TaxRate>[];
}

/** Stores an invoice item and sends `invoiceitem.created`. */
export function addInvoiceItem(workspace: Workspace, fresh: NewInvoiceItem): InvoiceItem {
  const now = workspace.nowSeconds;
  const item = workspace.put('invoiceitem', {
    id: newId('ii'),
    object: 'invoiceitem',
    amount: fresh.amount,
    currency: fresh.currency,
    customer: fresh.customer,
    customer_account: null,
    date: now,
    description: fresh.description,
    discountable: fresh.discountable ?? true,
    discounts: [],
    invoice: fresh.invoice ?? null,
    livemode: false,
    metadata: fresh.metadata ?? {},
    net_amount: fresh.amount,
    parent: fresh.subscription
      ? {
          type: 'subscription_details',
          subscription_details: {
            subscription: fresh.subscription,
            ...(fresh.subscriptionItem && { subscription_item: fresh.subscriptionItem }),
          },
        }
      : null,
    period: fresh.period ?? { start: now, end: now },
    pricing: fresh.pricing,
    proration: fresh.proration ?? false,
    quantity: fresh.quantity,
    quantity_decimal: String(fresh.quantity),
    tax_rates: fresh.taxRates ?? [],
    test_clock: null,
  });
  workspace.emit('invoiceitem.created', item);
  return item;
}

/** The customer's items that wait for an invoice: those of the subscription and those of none. */
export function pendingItems(
  workspace: Workspace,
  customer: string,
  subscription: string | null,
  currency: string,
): InvoiceItem[] {
  return workspace
    .newestFirst('invoiceitem')
    .filter((item) => item.invoice === null && item.customer === customer && item.currency === currency)
    .filter((item) => {
      const owner = idOf(item.parent?.subscription_details?.subscription);
      return owner === null || owner === subscription;
    });
}

/** Notes on pending items that an invoice has taken them up. */
export function takeUp(workspace: Workspace, items: InvoiceItem[], invoice: string): void {
  items.forEach((item) => workspace.put('invoiceitem', { ...item, invoice }));
}

function costOf(
  workspace: Workspace,
  parameters: Parameters,
  draftCurrency: string | undefined,
): Pick<NewInvoiceItem, 'amount' | 'currency' | 'quantity' | 'pricing'> {
  const quantity = parameters.integer('quantity') ?? 1;
  const priceId = parameters.group('pricing').string('price') ?? null;
  if (priceId !== null) {
    const price = workspace.resolve('price', priceId, 'pricing[price]');
    return {
      amount: (price.unit_amount ?? 0) * quantity,
      currency: price.currency,
      quantity,
      pricing: pricingOf(price),
    };
  }
  const amount = parameters.integer('amount') ?? null;
  const currency = parameters.string('currency')?.toLowerCase() ?? draftCurrency;
  if (amount === null) throw missingParameter('amount');
  if (currency === undefined) throw missingParameter('currency');
  if (parameters.has('quantity'))
    throw invalidParameter('parameter_invalid_integer', 'quantity', 'quantity cannot be given together with amount.');
  return { amount, currency, quantity: 1, pricing: null };
}

function listInvoiceItems({ workspace, parameters }: Call): object {
  const customer = parameters.string('customer');
  const invoice = parameters.string('invoice');
  const pending = parameters.boolean('pending');
  const items = workspace
    .newestFirst('invoiceitem')
    .filter((item) => (!customer || item.customer === customer) && (!invoice || item.invoice === invoice))
    .filter((item) => pending === undefined || (item.invoice === null) === pending);
  return listPage(
    items.map((item) => ({ ...item, created: item.date })),
    parameters,
    '/v1/invoiceitems',
  );
}
