import { listPage } from '../listing.js';
import { route, type Call, type Route } from '../router.js';
import { missingParameter, refused } from '../stripe-problem.js';
import { idOf } from '../wire.js';
import { previousAttributes, type Workspace } from '../workspace.js';
import { changeCustomerBalance } from './customer-balance.js';
import { createDiscounts, namedTaxRates } from './discounts.js';
import { pendingItems, takeUp } from './invoice-items.js';
import { draftInvoice, finalizeInvoice, withTotals, type Invoice } from './invoice-lifecycle.js';
import { invoiceItemLine } from './invoice-lines.js';
import { cancelOpenPayments } from './invoice-payments.js';
import { attachIntent, payInvoice } from './invoice-settlement.js';

const SECONDS_PER_DAY = 86_400;

export const invoiceRoutes: Route[] = [
  route('POST', '/v1/invoices', createInvoice),
  route('GET', '/v1/invoices', listInvoices),
  route('GET', '/v1/invoices/:id', ({ workspace, path }) => workspace.get('invoice', path.id ?? '')),
  route('POST', '/v1/invoices/:id', updateInvoice),
  route('GET', '/v1/invoices/:id/lines', listLines),
  route('POST', '/v1/invoices/:id/finalize', (call) =>
    finalizeInvoice(call.workspace, invoiceOf(call), call.workspace.nowSeconds),
  ),
  route('POST', '/v1/invoices/:id/pay', pay),
  route('POST', '/v1/invoices/:id/attach_payment', attachPayment),
  route('POST', '/v1/invoices/:id/void', voidInvoice),
  route('POST', '/v1/invoices/:id/mark_uncollectible', markUncollectible),
];

/** Creates a draft for a customer, on request with the customer's pending items. */
function createInvoice({ workspace, parameters }: Call): Invoice {
  const customer = workspace.resolve('customer', parameters.requiredString('customer'), 'customer');
  const currency = parameters.string('currency')?.toLowerCase() ?? customer.currency ?? 'usd';
  const taken =
    parameters.choice('pending_invoice_items_behavior', ['include', 'exclude']) === 'include'
      ? pendingItems(workspace, customer.id, null, currency)
      : [];
  const collectionMethod = parameters.choice('collection_method', ['charge_automatically', 'send_invoice']);
  const daysUntilDue = parameters.integer('days_until_due');
  if (collectionMethod === 'send_invoice' && daysUntilDue === undefined && !parameters.has('due_date'))
    throw missingParameter('days_until_due');
  const now = workspace.nowSeconds;
  const invoice = draftInvoice(workspace, {
    customer,
    currency,
    lines: taken.map(invoiceItemLine),
    billingReason: 'manual',
    period: { start: now, end: now },
    created: now,
    defaultTaxRates: namedTaxRates(workspace, parameters, 'default_tax_rates'),
    discounts: createDiscounts(workspace, parameters, { customer: customer.id }),
    metadata: parameters.metadata(),
    description: parameters.string('description'),
    collectionMethod,
    dueDate:
      parameters.integer('due_date') ?? (daysUntilDue === undefined ? null : now + daysUntilDue * SECONDS_PER_DAY),
  });
  takeUp(workspace, taken, invoice.id);
  return invoice;
}

function updateInvoice(call: Call): Invoice {
  const { workspace, parameters } = call;
  const before = invoiceOf(call);
  const description = parameters.string('description');
  const taxRates = namedTaxRates(workspace, parameters, 'default_tax_rates');
  const discounts = createDiscounts(workspace, parameters, {
    customer: idOf(before.customer),
    invoice: before.id,
  });
  if ((taxRates || discounts) && before.status !== 'draft')
    throw refused('invoice_not_editable', 'Finalized invoices can not be updated.');
  const changed = {
    ...before,
    description: description === undefined ? before.description : description,
    metadata: parameters.metadata(before.metadata ?? {}),
    default_tax_rates: taxRates ?? before.default_tax_rates,
    discounts: discounts ?? before.discounts,
  };
  const invoice = workspace.put('invoice', before.status === 'draft' ? withTotals(workspace, changed) : changed);
  workspace.emit('invoice.updated', invoice, previousAttributes(before, invoice));
  return invoice;
}

function pay(call: Call): Invoice {
  const { workspace, parameters } = call;
  const now = workspace.nowSeconds;
  const before = invoiceOf(call);
  const invoice = before.status === 'draft' ? finalizeInvoice(workspace, before, now) : before;
  if (before.status === 'draft' && invoice.status === 'paid') return invoice;
  const paid = payInvoice(workspace, invoice, now, {
    outOfBand: parameters.boolean('paid_out_of_band'),
    paymentMethod: parameters.string('payment_method'),
  });
  if (paid.problem) throw paid.problem;
  return paid.invoice;
}

function attachPayment(call: Call): Invoice {
  const { workspace, parameters } = call;
  const intent = workspace.resolve('payment_intent', parameters.requiredString('payment_intent'), 'payment_intent');
  return attachIntent(workspace, invoiceOf(call), intent);
}

function voidInvoice(call: Call): Invoice {
  const { workspace } = call;
  const before = invoiceOf(call);
  if (before.status !== 'open' && before.status !== 'uncollectible') {
    throw refused(
      'invoice_not_editable',
      `You can only void open or uncollectible invoices; this one is ${before.status}.`,
    );
  }
  cancelOpenPayments(workspace, before.id);
  giveBackAppliedBalance(workspace, before);
  const invoice = workspace.put('invoice', {
    ...before,
    status: 'void',
    auto_advance: false,
    amount_remaining: 0,
    status_transitions: { ...before.status_transitions, voided_at: workspace.nowSeconds },
  });
  workspace.emit('invoice.voided', invoice);
  return invoice;
}

/** What the customer's balance had paid of an invoice belongs to the customer again once it is void. */
function giveBackAppliedBalance(workspace: Workspace, invoice: Invoice): void {
  const applied = (invoice.ending_balance ?? invoice.starting_balance) - invoice.starting_balance;
  if (applied === 0) return;
  changeCustomerBalance(workspace, idOf(invoice.customer) ?? '', {
    amount: -applied,
    currency: invoice.currency,
    type: 'unapplied_from_invoice',
    invoice: invoice.id,
  });
}

function markUncollectible(call: Call): Invoice {
  const { workspace } = call;
  const before = invoiceOf(call);
  if (before.status !== 'open')
    throw refused(
      'invoice_not_editable',
      `Only an open invoice can be marked uncollectible; this one is ${before.status}.`,
    );
  const invoice = workspace.put('invoice', {
    ...before,
    status: 'uncollectible',
    status_transitions: { ...before.status_transitions, marked_uncollectible_at: workspace.nowSeconds },
  });
  workspace.emit('invoice.marked_uncollectible', invoice);
  return invoice;
}

function listInvoices({ workspace, parameters }: Call): object {
  const [customer, subscription, status] = (['customer', 'subscription', 'status'] as const).map((name) =>
    parameters.string(name),
  );
  const invoices = workspace
    .newestFirst('invoice')
    .filter((invoice) => (!customer || invoice.customer === customer) && (!status || invoice.status === status))
    .filter((invoice) => !subscription || idOf(invoice.parent?.subscription_details?.subscription) === subscription);
  return listPage(invoices, parameters, '/v1/invoices');
}

function listLines(call: Call): object {
  const invoice = invoiceOf(call);
  return listPage(invoice.lines.data, call.parameters, invoice.lines.url);
}

function invoiceOf({ workspace, path }: Call): Invoice {
  return workspace.get('invoice', path.id ?? '');
}
