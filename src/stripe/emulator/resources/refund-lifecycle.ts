import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import { refused } from '../stripe-problem.js';
import { idOf, type Wire } from '../wire.js';
import { previousAttributes, type Workspace } from '../workspace.js';
import { recordMovement } from './balance-transactions.js';
import type { Charge } from './charges.js';
import { testCard } from './test-cards.js';

export type Refund = Wire<Stripe.Refund>;

const UNSETTLED: readonly string[] = ['pending', 'requires_action'];

export interface NewRefund {
  /** Minor units; what is left of the charge when absent. */
  amount?: number;
  reason?: string | null;
  metadata?: { [key: string]: string };
}

/**
 * Refunds a charge, or a part of it, from the platform's balance, and sends `refund.created` and
 * `charge.refunded`. It succeeds at once unless the test card or `setNextRefundStatus` says
 * otherwise. Refused as Stripe does when the charge has not that much left or was charged back.
 */
export function createRefund(workspace: Workspace, charge: Charge, fresh: NewRefund): Refund {
  const left = charge.amount - charge.amount_refunded;
  const amount = fresh.amount ?? left;
  checkRefundable(workspace, charge, amount, left);
  const refund = workspace.put('refund', blankRefund(workspace, charge, { ...fresh, amount }));
  const refunded = changeRefunded(workspace, charge, amount);
  workspace.emit('refund.created', refund);
  workspace.emit('charge.refunded', refunded, previousAttributes(charge, refunded));
  return refund;
}

/** A pending refund has arrived: `refund.updated` and `charge.refund.updated`. */
export function succeedRefund(workspace: Workspace, before: Refund): Refund {
  if (!UNSETTLED.includes(before.status ?? '')) throw wrongState(before, 'succeed');
  return changeRefund(workspace, before, { status: 'succeeded' });
}

/**
 * The bank sends a refund back, even one that had succeeded: the money returns to the balance and
 * the charge counts as not refunded by it. Sends `refund.failed` and the two update events.
 */
export function failRefund(workspace: Workspace, before: Refund, reason: string): Refund {
  if (before.status === 'failed' || before.status === 'canceled') throw wrongState(before, 'fail');
  const transaction = takeBack(workspace, before);
  const failed = { ...before, status: 'failed', failure_reason: reason, failure_balance_transaction: transaction };
  workspace.put('refund', failed);
  workspace.emit('refund.failed', failed);
  return changeRefund(workspace, before, failed);
}

/** Gives up a refund that waits for the customer. Stripe lets no other be cancelled. */
export function cancelRefund(workspace: Workspace, before: Refund): Refund {
  if (before.status !== 'requires_action') throw wrongState(before, 'be canceled');
  takeBack(workspace, before);
  return changeRefund(workspace, before, { status: 'canceled' });
}

/** Stores a changed refund and sends `refund.updated` and its older name `charge.refund.updated`. */
export function changeRefund(workspace: Workspace, before: Refund, changes: Partial<Refund>): Refund {
  const refund = workspace.put('refund', { ...before, ...changes });
  const previous = previousAttributes(before, refund);
  workspace.emit('refund.updated', refund, previous);
  workspace.emit('charge.refund.updated', refund, previous);
  return refund;
}

function checkRefundable(workspace: Workspace, charge: Charge, amount: number, left: number): void {
  if (charge.status !== 'succeeded')
    throw refused(undefined, `Charge ${charge.id} has not succeeded; there is nothing to refund.`);
  if (left === 0) throw refused('charge_already_refunded', `Charge ${charge.id} has already been refunded.`);
  const chargedBack = workspace
    .newestFirst('dispute')
    .some((dispute) => dispute.charge === charge.id && !dispute.is_charge_refundable && dispute.status !== 'won');
  if (chargedBack)
    throw refused('charge_disputed', `Charge ${charge.id} has been charged back; cannot issue a refund.`);
  if (amount > left) {
    const what = charge.amount_refunded === 0 ? 'charge amount' : 'unrefunded amount on charge';
    throw refused(undefined, `Refund amount (${amount}) is greater than ${what} (${left})`, 'amount');
  }
}

/** Puts the money of a refund that did not arrive back; returns the balance transaction's id. */
function takeBack(workspace: Workspace, refund: Refund): string {
  const { id, amount, currency } = refund;
  const charge = workspace.get('charge', idOf(refund.charge) ?? '');
  changeRefunded(workspace, charge, -amount);
  return recordMovement(workspace, { type: 'refund_failure', category: 'refund_failure', amount, currency, source: id })
    .id;
}

function changeRefunded(workspace: Workspace, charge: Charge, amount: number): Charge {
  const refunded = charge.amount_refunded + amount;
  return workspace.put('charge', { ...charge, amount_refunded: refunded, refunded: refunded === charge.amount });
}

function wrongState({ status }: Refund, action: string): Error {
  return refused(undefined, `This refund has the status ${status}; it cannot ${action}.`);
}

/** Takes up what was said of the next refund, which holds for this one only. */
function firstStatus(workspace: Workspace, charge: Charge): 'succeeded' | 'pending' | 'requires_action' {
  const next = workspace.find('next_refund', 'next');
  if (!next) return testCard(workspace, charge.payment_method ?? '').refund ?? 'succeeded';
  workspace.remove('next_refund', next.id);
  return next.status;
}

function blankRefund(workspace: Workspace, charge: Charge, fresh: NewRefund & { amount: number }): Refund {
  const id = newId('re');
  const { currency } = charge;
  const status = firstStatus(workspace, charge);
  const transaction = recordMovement(workspace, {
    type: 'refund',
    category: 'refund',
    amount: -fresh.amount,
    currency,
    source: id,
  });
  return {
    id,
    object: 'refund',
    amount: fresh.amount,
    balance_transaction: transaction.id,
    charge: charge.id,
    created: workspace.nowSeconds,
    currency,
    customer: idOf(charge.customer),
    customer_account: null,
    destination_details: { card: { type: status === 'succeeded' ? 'refund' : 'pending' }, type: 'card' },
    metadata: fresh.metadata ?? {},
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    ...(status === 'pending' && { pending_reason: 'processing' as const }),
    reason: fresh.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status,
    transfer_reversal: null,
  };
}
