import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import { refused } from '../stripe-problem.js';
import { idOf, wholeList, type Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';
import { changeCustomerBalance } from './customer-balance.js';
import { appliedDiscounts } from './discounts.js';
import type { InvoiceLine } from './invoice-lines.js';
import { invoiceTotals, type TaxAmount } from './invoice-totals.js';
import { openInvoicePayment } from './invoice-payments.js';
import { markPaid } from './invoice-settlement.js';
import { createIntent } from './payment-intent-lifecycle.js';
import type { Period } from './subscription-periods.js';

export type Invoice = Wire<Stripe.Invoice>;

export interface InvoiceDraft {
  customer: Wire<Stripe.Customer>;
  currency: string;
  lines: InvoiceLine[];
  billingReason: Stripe.Invoice.BillingReason;
  period: Period;
  created: number;
  subscription?: Wire<Stripe.Subscription>;
  defaultTaxRates?: Wire<Stripe.TaxRate>[];
  discounts?: string[];
  metadata?: { [key: string]: string };
  description?: string | null;
  collectionMethod?: Stripe.Invoice.CollectionMethod;
  dueDate?: number | null;
}

/** Makes a draft invoice with its sums and sends `invoice.created`. */
export function draftInvoice(workspace: Workspace, draft: InvoiceDraft): Invoice {
  const id = newId('in');
  const invoice = withTotals(workspace, {
    ...blankInvoice(id, draft),
    lines: wholeList(
      draft.lines.map((line) => ({ ...line, invoice: id })),
      `/v1/invoices/${id}/lines`,
    ),
  });
  workspace.put('invoice', invoice);
  workspace.emit('invoice.created', invoice);
  return invoice;
}

/** Recomputes every sum of a draft from its lines, discounts and tax rates. */
export function withTotals(workspace: Workspace, invoice: Invoice): Invoice {
  const discounts = invoice.discounts.map((discount) => idOf(discount) ?? '');
  const lines = invoice.lines.data;
  const totals = invoiceTotals(
    lines.map((line) => ({
      amount: line.amount,
      discountable: line.discountable,
      taxRates: taxRatesOf(workspace, line, invoice),
    })),
    appliedDiscounts(workspace, discounts),
  );
  const amountDue = Math.max(0, totals.total);
  return {
    ...invoice,
    lines: {
      ...invoice.lines,
      data: lines.map((line, index) => ({
        ...line,
        discount_amounts: totals.lines[index]?.discounts ?? [],
        taxes: (totals.lines[index]?.taxes ?? []).map(taxOf),
      })),
    },
    subtotal: totals.subtotal,
    subtotal_excluding_tax: totals.subtotalExcludingTax,
    total: totals.total,
    total_excluding_tax: totals.totalExcludingTax,
    total_discount_amounts: totals.discounts,
    total_taxes: totals.taxes.map(taxOf),
    amount_due: amountDue,
    amount_remaining: amountDue,
  };
}

/**
 * Turns a draft into an open invoice: gives it its number, takes the customer's balance into
 * account (a credit lowers the amount due, a negative total becomes a credit) and snapshots the
 * subscription's metadata. An invoice with nothing due is paid thereby; any other gets the payment
 * intent that is to pay it.
 */
export function finalizeInvoice(workspace: Workspace, draft: Invoice, at: number): Invoice {
  if (draft.status !== 'draft')
    throw refused(
      'invoice_not_editable',
      'This invoice is already finalized, you can not re-finalize a non-draft invoice.',
    );
  const customer = workspace.get('customer', idOf(draft.customer) ?? '');
  const owed = draft.total + customer.balance;
  const amountDue = Math.max(0, owed);
  const endingBalance = Math.min(0, owed);
  const sequence = customer.next_invoice_sequence ?? 1;
  workspace.put('customer', {
    ...customer,
    currency: customer.currency ?? draft.currency,
    next_invoice_sequence: sequence + 1,
  });
  if (customer.balance !== endingBalance) {
    changeCustomerBalance(workspace, customer.id, {
      amount: endingBalance - customer.balance,
      currency: draft.currency,
      type: 'applied_to_invoice',
      invoice: draft.id,
    });
  }
  const invoice = workspace.put('invoice', {
    ...draft,
    status: 'open',
    number: `${customer.invoice_prefix ?? 'INVOICE'}-${String(sequence).padStart(4, '0')}`,
    parent: snapshotOfSubscription(workspace, draft.parent),
    starting_balance: customer.balance,
    ending_balance: endingBalance,
    amount_due: amountDue,
    amount_remaining: amountDue,
    effective_at: at,
    auto_advance: draft.collection_method === 'charge_automatically',
    status_transitions: { ...draft.status_transitions, finalized_at: at },
  });
  workspace.emit('invoice.finalized', invoice);
  if (amountDue === 0) return markPaid(workspace, invoice, at);
  const intent = createIntent(workspace, {
    amount: amountDue,
    currency: invoice.currency,
    customer: customer.id,
    description: invoice.billing_reason === 'subscription_create' ? 'Subscription creation' : null,
    at,
  });
  openInvoicePayment(workspace, invoice, intent, { amount: amountDue, isDefault: true, at });
  return invoice;
}

function snapshotOfSubscription(workspace: Workspace, parent: Invoice['parent']): Invoice['parent'] {
  const details = parent?.subscription_details;
  if (!parent || !details) return parent;
  const subscription = workspace.get('subscription', idOf(details.subscription) ?? '');
  return { ...parent, subscription_details: { ...details, metadata: subscription.metadata } };
}

/** A line's own tax rates, or the invoice's when it has none. */
function taxRatesOf(workspace: Workspace, line: InvoiceLine, invoice: Invoice): Wire<Stripe.TaxRate>[] {
  const invoiceItem =
    line.parent?.invoice_item_details?.invoice_item ?? line.parent?.subscription_item_details?.invoice_item;
  const details = line.parent?.subscription_item_details;
  const own = invoiceItem
    ? workspace.find('invoiceitem', invoiceItem)?.tax_rates
    : workspace
        .find('subscription', idOf(details?.subscription) ?? '')
        ?.items.data.find(({ id }) => id === details?.subscription_item)?.tax_rates;
  return own && own.length > 0 ? own : invoice.default_tax_rates;
}

/** A tax as an invoice or a credit note shows it. */
export function taxOf({ taxRate, amount, taxableAmount }: TaxAmount): NonNullable<Invoice['total_taxes']>[number] {
  return {
    amount,
    tax_behavior: taxRate.inclusive ? 'inclusive' : 'exclusive',
    tax_rate_details: { tax_rate: taxRate.id },
    taxability_reason: 'not_available',
    taxable_amount: taxableAmount,
    type: 'tax_rate_details',
  };
}

function blankInvoice(id: string, draft: InvoiceDraft): Omit<Invoice, 'lines'> {
  const { customer, subscription } = draft;
  return {
    id,
    object: 'invoice',
    account_country: 'US',
    account_name: 'Fairshare emulator',
    account_tax_ids: null,
    amount_due: 0,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: 0,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: false,
    automatic_tax: { enabled: false, disabled_reason: null, liability: null, provider: null, status: null },
    automatically_finalizes_at: null,
    billing_reason: draft.billingReason,
    collection_method: draft.collectionMethod ?? 'charge_automatically',
    created: draft.created,
    currency: draft.currency,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_shipping: null,
    customer_tax_exempt: 'none',
    customer_tax_ids: [],
    default_payment_method: null,
    default_source: null,
    default_tax_rates: draft.defaultTaxRates ?? [],
    description: draft.description ?? null,
    discounts: draft.discounts ?? [],
    due_date: draft.dueDate ?? null,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    livemode: false,
    metadata: draft.metadata ?? {},
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent: subscription
      ? {
          type: 'subscription_details',
          quote_details: null,
          subscription_details: { subscription: subscription.id, metadata: subscription.metadata },
        }
      : null,
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: draft.period.end,
    period_start: draft.period.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: 0,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: 0,
    subtotal_excluding_tax: 0,
    test_clock: null,
    total: 0,
    total_discount_amounts: [],
    total_excluding_tax: 0,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: draft.created,
  };
}
