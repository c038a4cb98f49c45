import type { Stripe } from 'stripe';
import { newId } from '../ids.js';
import { refused } from '../stripe-problem.js';
import { idOf, type Wire } from '../wire.js';
import { previousAttributes, type Workspace } from '../workspace.js';
import { recordMovement } from './balance-transactions.js';
import { testCard } from './test-cards.js';

export type Dispute = Wire<Stripe.Dispute>;
type Charge = Wire<Stripe.Charge>;

/** What Stripe keeps for a chargeback, in minor units; it comes back when the dispute is won. */
const DISPUTE_FEE = 1500;
const ANSWER_WITHIN_SECONDS = 9 * 86_400;
const CLOSED: readonly string[] = ['won', 'lost', 'warning_closed'];

export interface NewDispute {
  /** Minor units; the whole charge when absent. */
  amount?: number;
  /** Stripe's word for it; `fraudulent` when absent. */
  reason?: string;
  networkReasonCode?: string;
  /** An inquiry only asks (`warning_needs_response`); a chargeback takes the money at once. */
  inquiry?: boolean;
}

/** Disputes a charge. Sends `charge.dispute.created` and, for a chargeback, `charge.dispute.funds_withdrawn`. */
export function openDispute(workspace: Workspace, charge: Charge, fresh: NewDispute = {}): Dispute {
  const amount = fresh.amount ?? charge.amount;
  if (charge.status !== 'succeeded' || amount < 1 || amount > charge.amount)
    throw refused(undefined, `Charge ${charge.id} cannot be disputed for ${amount}.`, 'amount');
  const inquiry = fresh.inquiry ?? false;
  const blank = blankDispute(workspace, charge, { ...fresh, amount, inquiry });
  const dispute = workspace.put('dispute', inquiry ? blank : withdrawn(workspace, blank));
  workspace.put('charge', { ...charge, disputed: true });
  workspace.emit('charge.dispute.created', dispute);
  if (!inquiry) workspace.emit('charge.dispute.funds_withdrawn', dispute);
  return dispute;
}

/** Disputes a charge whose test card is made to be disputed; others are left alone. */
export function disputeIfTheCardSaysSo(workspace: Workspace, charge: Charge): void {
  const card = testCard(workspace, charge.payment_method ?? '');
  if (card.dispute) openDispute(workspace, workspace.get('charge', charge.id), card.dispute);
}

/**
 * Brings a dispute into a status, also one that Stripe does not know yet, and moves the money that
 * goes with it: `needs_response` and `lost` take it unless it is taken already, `won` gives it back.
 * Sends `funds_withdrawn` or `funds_reinstated` where money moved, then `closed` for a status that
 * ends the dispute and `updated` for any other.
 */
export function moveDispute(workspace: Workspace, before: Dispute, status: string): Dispute {
  const taken = before.balance_transactions.reduce((sum, { amount }) => sum + amount, 0) < 0;
  const takes = !taken && (status === 'needs_response' || status === 'lost');
  const returns = taken && status === 'won';
  const moved = takes ? withdrawn(workspace, before) : returns ? reinstated(workspace, before) : before;
  const dispute = workspace.put('dispute', { ...moved, status, is_charge_refundable: status.startsWith('warning_') });
  const closes = CLOSED.includes(status);
  if (!closes) workspace.emit('charge.dispute.updated', dispute, previousAttributes(before, dispute));
  if (takes) workspace.emit('charge.dispute.funds_withdrawn', dispute);
  if (returns) workspace.emit('charge.dispute.funds_reinstated', dispute);
  if (closes) workspace.emit('charge.dispute.closed', dispute);
  return dispute;
}

/** Refused, as Stripe does, once a dispute is closed. */
export function checkOpen({ id, status }: Dispute): void {
  if (CLOSED.includes(status)) throw refused(undefined, `This dispute (${id}) is already closed.`);
}

function withdrawn(workspace: Workspace, dispute: Dispute): Dispute {
  const { amount, currency, id, charge, balance_transactions } = dispute;
  const transaction = recordMovement(workspace, {
    type: 'adjustment',
    category: 'dispute',
    amount: -amount,
    fee: DISPUTE_FEE,
    currency,
    source: id,
    description: `Chargeback withdrawal for ${idOf(charge) ?? ''}`,
  });
  return { ...dispute, balance_transactions: [...balance_transactions, transaction] };
}

function reinstated(workspace: Workspace, dispute: Dispute): Dispute {
  const { amount, currency, id, charge, balance_transactions } = dispute;
  const transaction = recordMovement(workspace, {
    type: 'adjustment',
    category: 'dispute_reversal',
    amount,
    fee: -DISPUTE_FEE,
    currency,
    source: id,
    description: `Chargeback reversal for ${idOf(charge) ?? ''}`,
  });
  return { ...dispute, balance_transactions: [...balance_transactions, transaction] };
}

function blankDispute(
  workspace: Workspace,
  charge: Charge,
  fresh: NewDispute & { amount: number; inquiry: boolean },
): Dispute {
  const networkReasonCode = fresh.networkReasonCode ?? '10.4';
  return {
    id: newId('dp'),
    object: 'dispute',
    amount: fresh.amount,
    balance_transactions: [],
    charge: charge.id,
    created: workspace.nowSeconds,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: NO_EVIDENCE,
    evidence_details: {
      due_by: workspace.nowSeconds + ANSWER_WITHIN_SECONDS,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: fresh.inquiry,
    livemode: false,
    metadata: {},
    network_reason_code: networkReasonCode,
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: {
        brand: 'visa',
        case_type: fresh.inquiry ? 'inquiry' : 'chargeback',
        network: 'visa',
        network_reason_code: networkReasonCode,
      },
      type: 'card',
    },
    reason: fresh.reason ?? 'fraudulent',
    status: fresh.inquiry ? 'warning_needs_response' : 'needs_response',
  };
}

const NO_EVIDENCE: Dispute['evidence'] = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};
