import type { Stripe } from 'stripe';
import { refused } from '../stripe-problem.js';
import { idOf, type Wire } from '../wire.js';
import { previousAttributes, type Workspace } from '../workspace.js';
import { changeCustomerBalance } from './customer-balance.js';
import { paymentsOf } from './invoice-payments.js';
import { markPaid, requestRemaining } from './invoice-settlement.js';
import { createRefund, type Refund } from './refund-lifecycle.js';

export type CreditNote = Wire<Stripe.CreditNote>;
type Invoice = Wire<Stripe.Invoice>;
type LinkedRefund = CreditNote['refunds'][number];

/** How the part that was paid already goes back, in minor units. */
export interface Settlement {
  refundAmount: number;
  creditAmount: number;
  outOfBandAmount: number;
  /** Refunds made before, and how much of each counts. */
  refunds: { refund: Refund; amount: number }[];
}

/**
 * How much of a credit note lowers what is still due (`pre_payment_amount`) and how much gives back
 * what was paid. Refused when there is not that much to credit, or when the ways of giving it back
 * do not add up to the paid part.
 */
export function splitCredit(
  invoice: Invoice,
  amount: number,
  settlement: Settlement,
): Pick<CreditNote, 'type' | 'pre_payment_amount' | 'post_payment_amount'> {
  if (invoice.status !== 'open' && invoice.status !== 'paid')
    throw refused(undefined, `You cannot create a credit note for an invoice with status ${invoice.status}.`);
  const before = Math.min(amount, invoice.amount_remaining);
  const after = amount - before;
  const creditable = invoice.total - invoice.pre_payment_credit_notes_amount - invoice.post_payment_credit_notes_amount;
  if (amount < 1 || amount > creditable)
    throw refused(undefined, `The credit note amount (${amount}) must be between 1 and ${creditable}.`, 'amount');
  const linked = settlement.refunds.reduce((sum, refund) => sum + refund.amount, 0);
  const given = settlement.refundAmount + settlement.creditAmount + settlement.outOfBandAmount + linked;
  if (given !== after)
    throw refused(
      undefined,
      `The sum of credit amount, refund amount and out of band amount (${given}) must equal the post payment credit note amount (${after}).`,
    );
  const type = after === 0 ? 'pre_payment' : before === 0 ? 'post_payment' : 'mixed';
  return { type, pre_payment_amount: before, post_payment_amount: after };
}

/** Carries a credit note out: refunds, credit, the invoice's sums, and the events of each. */
export function issueCreditNote(
  workspace: Workspace,
  drafted: CreditNote,
  before: Invoice,
  settlement: Settlement,
): CreditNote {
  const credit =
    settlement.creditAmount === 0
      ? null
      : changeCustomerBalance(workspace, idOf(before.customer) ?? '', {
          amount: -settlement.creditAmount,
          currency: before.currency,
          type: 'credit_note',
          invoice: before.id,
          creditNote: drafted.id,
        }).id;
  const refunds = [
    ...settlement.refunds.map(({ refund, amount }) => linkOf(refund, amount)),
    ...refundPayments(workspace, before, settlement.refundAmount),
  ];
  const creditNote = workspace.put('credit_note', { ...drafted, customer_balance_transaction: credit, refunds });
  workspace.emit('credit_note.created', creditNote);
  const { pre_payment_amount: pre, post_payment_amount: post } = creditNote;
  changeInvoice(workspace, before, pre, post);
  return creditNote;
}

/** Takes a credit note back. Only what lowered an open invoice can be; the invoice is due again by it. */
export function voidCreditNote(workspace: Workspace, before: CreditNote): CreditNote {
  const invoice = workspace.get('invoice', idOf(before.invoice) ?? '');
  if (before.status === 'void') throw refused(undefined, 'This credit note is already void.');
  if (before.type !== 'pre_payment' || invoice.status !== 'open')
    throw refused(undefined, 'Only credit notes for open invoices can be voided.');
  const creditNote = workspace.put('credit_note', { ...before, status: 'void', voided_at: workspace.nowSeconds });
  workspace.emit('credit_note.voided', creditNote);
  changeInvoice(workspace, invoice, -before.pre_payment_amount, 0);
  return creditNote;
}

function changeInvoice(workspace: Workspace, before: Invoice, prePayment: number, postPayment: number): void {
  const invoice = workspace.put('invoice', {
    ...before,
    amount_due: before.amount_due - prePayment,
    amount_remaining: before.amount_remaining - prePayment,
    pre_payment_credit_notes_amount: before.pre_payment_credit_notes_amount + prePayment,
    post_payment_credit_notes_amount: before.post_payment_credit_notes_amount + postPayment,
  });
  workspace.emit('invoice.updated', invoice, previousAttributes(before, invoice));
  if (invoice.status !== 'open') return;
  if (invoice.amount_remaining === 0) markPaid(workspace, invoice, workspace.nowSeconds);
  else requestRemaining(workspace, invoice);
}

/** Refunds the invoice's payments, oldest first, until the amount is reached. */
function refundPayments(workspace: Workspace, invoice: Invoice, amount: number): LinkedRefund[] {
  const refunds: LinkedRefund[] = [];
  let left = amount;
  for (const payment of paymentsOf(workspace, { invoice: invoice.id })) {
    if (left === 0 || payment.status !== 'paid') continue;
    const intent = workspace.get('payment_intent', idOf(payment.payment.payment_intent) ?? '');
    const charge = workspace.get('charge', idOf(intent.latest_charge) ?? '');
    const part = Math.min(left, payment.amount_paid ?? 0, charge.amount - charge.amount_refunded);
    if (part === 0) continue;
    refunds.push(linkOf(createRefund(workspace, charge, { amount: part }), part));
    left -= part;
  }
  if (left > 0)
    throw refused(
      undefined,
      `The refund amount is greater than what is left of the payments by ${left}.`,
      'refund_amount',
    );
  return refunds;
}

function linkOf(refund: Refund, amount: number): LinkedRefund {
  return { amount_refunded: amount, payment_record_refund: null, refund: refund.id, type: 'refund' };
}
