import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import type { Parameters } from '../parameters.js';
import { invalidParameter, missingParameter, noSuchReference, refused } from '../stripe-problem.js';
import { wholeList, type Wire } from '../wire.js';
import type { Workspace } from '../workspace.js';
import { namedTaxRates } from './discounts.js';
import { taxOf } from './invoice-lifecycle.js';
import { invoiceTotals, proportion } from './invoice-totals.js';

type Invoice = Wire<Stripe.Invoice>;
type InvoiceLine = Wire<Stripe.InvoiceLineItem>;
type CreditNote = Wire<Stripe.CreditNote>;
type CreditNoteLine = Wire<Stripe.CreditNoteLineItem>;
type Tax = NonNullable<CreditNoteLine['taxes']>[number];

export type CreditNoteSums = Pick<
  CreditNote,
  | 'amount'
  | 'discount_amount'
  | 'discount_amounts'
  | 'lines'
  | 'subtotal'
  | 'subtotal_excluding_tax'
  | 'total'
  | 'total_excluding_tax'
  | 'total_taxes'
>;

/**
 * The lines of a credit note and their sums in minor units, from `lines` or a plain `amount`. A line
 * of the invoice takes its share of the line's discounts and taxes with it; a plain amount contains
 * tax in the proportion of the whole invoice.
 */
export function creditNoteSums(
  workspace: Workspace,
  parameters: Parameters,
  invoice: Invoice,
  id: string,
): CreditNoteSums {
  const entries = parameters.groups('lines');
  const amount = parameters.positiveInteger('amount');
  if (entries !== undefined && amount !== undefined)
    throw invalidParameter('parameter_invalid_array', 'lines', 'You may only specify one of: amount, lines.');
  if (entries === undefined && amount === undefined) throw missingParameter('amount');
  const lines = entries?.map((entry) => lineOf(workspace, entry, invoice)) ?? [plainLine(invoice, amount ?? 0)];
  const taxes = lines.flatMap((line) => line.taxes ?? []);
  const discounts = lines.flatMap((line) => line.discount_amounts);
  const subtotal = sum(lines);
  const discount = sum(discounts);
  const inclusive = sum(taxes.filter((tax) => tax.tax_behavior === 'inclusive'));
  const total = subtotal - discount + sum(taxes) - inclusive;
  return {
    amount: total,
    discount_amount: discount,
    discount_amounts: discounts,
    lines: wholeList(lines, `/v1/credit_notes/${id}/lines`),
    subtotal,
    subtotal_excluding_tax: subtotal - inclusive,
    total,
    total_excluding_tax: total - sum(taxes),
    total_taxes: taxes,
  };
}

function lineOf(workspace: Workspace, entry: Parameters, invoice: Invoice): CreditNoteLine {
  const type = entry.choice('type', ['invoice_line_item', 'custom_line_item']);
  if (!type) throw missingParameter(entry.pathOf('type'));
  return type === 'custom_line_item' ? customLine(workspace, entry) : invoiceLine(entry, invoice);
}

function invoiceLine(entry: Parameters, invoice: Invoice): CreditNoteLine {
  const id = entry.requiredString('invoice_line_item');
  const line = invoice.lines.data.find((candidate) => candidate.id === id);
  if (!line) throw noSuchReference('invoice line item', id, entry.pathOf('invoice_line_item'));
  const quantity = entry.positiveInteger('quantity') ?? null;
  const ofQuantity = quantity === null ? line.amount : proportion(line.amount, quantity, line.quantity ?? 1);
  const amount = entry.positiveInteger('amount') ?? ofQuantity;
  if (amount > line.amount)
    throw refused(undefined, `The amount (${amount}) exceeds that of the line (${line.amount}).`, 'lines');
  return {
    ...blankLine(amount, line.description, quantity ?? line.quantity),
    ...shareOf(line, amount),
    invoice_line_item: line.id,
    type: 'invoice_line_item',
  };
}

function shareOf(
  line: InvoiceLine,
  amount: number,
): Pick<CreditNoteLine, 'discount_amount' | 'discount_amounts' | 'taxes'> {
  const discounts = (line.discount_amounts ?? []).map((discount) => ({
    discount: discount.discount,
    amount: proportion(discount.amount, amount, line.amount),
  }));
  const taxes = (line.taxes ?? []).map((tax) => taxShare(tax, amount, line.amount));
  return { discount_amount: sum(discounts), discount_amounts: discounts, taxes };
}

function customLine(workspace: Workspace, entry: Parameters): CreditNoteLine {
  const unitAmount = entry.positiveInteger('unit_amount');
  if (unitAmount === undefined) throw missingParameter(entry.pathOf('unit_amount'));
  const quantity = entry.positiveInteger('quantity') ?? 1;
  const amount = unitAmount * quantity;
  const taxRates = namedTaxRates(workspace, entry, 'tax_rates') ?? [];
  const totals = invoiceTotals([{ amount, discountable: false, taxRates }], []);
  return {
    ...blankLine(amount, entry.requiredString('description'), quantity),
    tax_rates: taxRates,
    taxes: totals.taxes.map(taxOf),
    unit_amount: unitAmount,
    unit_amount_decimal: String(unitAmount),
  };
}

/** What a plain amount stands for: a part of the invoice, with as much of its taxes. */
function plainLine(invoice: Invoice, total: number): CreditNoteLine {
  const taxes = (invoice.total_taxes ?? []).map((tax) => taxShare(tax, total, invoice.total));
  const exclusive = sum(taxes.filter((tax) => tax.tax_behavior === 'exclusive'));
  return { ...blankLine(total - exclusive, 'Credit', 1), taxes };
}

function taxShare(tax: Tax, part: number, whole: number): Tax {
  return {
    ...tax,
    amount: proportion(tax.amount, part, whole),
    taxable_amount: tax.taxable_amount === null ? null : proportion(tax.taxable_amount, part, whole),
  };
}

function blankLine(amount: number, description: string | null, quantity: number | null): CreditNoteLine {
  return {
    id: newId('cnli'),
    object: 'credit_note_line_item',
    amount,
    description,
    discount_amount: 0,
    discount_amounts: [],
    livemode: false,
    metadata: {},
    pretax_credit_amounts: [],
    quantity,
    tax_rates: [],
    taxes: [],
    type: 'custom_line_item',
    unit_amount: null,
    unit_amount_decimal: null,
  };
}

function sum(amounts: { amount: number }[]): number {
  return amounts.reduce((total, { amount }) => total + amount, 0);
}
