import type { CreditNote, Dispute, History, Invoice, Refund } from './history.js';
import type { CreditNoteStatus, DisputeStatus, RefundStatus } from './model.js';

/** What a webhook tells, by the indices of the history. */
export type Told =
  | { about: 'invoice'; invoice: number }
  | { about: 'part'; payment: number; part: number }
  | { about: 'refund'; refund: number; status: RefundStatus }
  | { about: 'dispute'; dispute: number; status: DisputeStatus }
  | { about: 'credit note'; creditNote: number; status: CreditNoteStatus }
  | { about: 'cancellation'; customer: number };

export interface Webhook {
  type: string;
  told: Told;
  /** In words, and the same in every lane. */
  label: string;
}

/** Every webhook of a history once, in the order in which things happened. */
export function webhooksOf(told: History): Webhook[] {
  return [
    ...told.invoices.map((_, invoice) => webhook('invoice.paid', { about: 'invoice', invoice })),
    ...told.payments.flatMap(({ parts }, payment) =>
      parts.map((_, part) => webhook('invoice_payment.paid', { about: 'part', payment, part })),
    ),
    ...told.refunds.flatMap(({ statuses }, refund) =>
      statuses.map((status, n) => webhook(refundEvent(status, n), { about: 'refund', refund, status })),
    ),
    ...told.disputes.flatMap(({ statuses }, dispute) =>
      statuses.flatMap((status, n) =>
        disputeEvents(status, n).map((type) => webhook(type, { about: 'dispute', dispute, status })),
      ),
    ),
    ...told.creditNotes.flatMap(({ statuses }, creditNote) =>
      statuses.map((status) =>
        webhook(status === 'void' ? 'credit_note.voided' : 'credit_note.created', {
          about: 'credit note',
          creditNote,
          status,
        }),
      ),
    ),
    ...told.customers.flatMap(({ churns }, customer) =>
      churns ? [webhook('customer.subscription.deleted', { about: 'cancellation', customer })] : [],
    ),
  ];
}

function webhook(type: string, told: Told): Webhook {
  const { about, ...rest } = told;
  return { type, told, label: `${type} ${about} ${Object.values(rest).join(' ')}` };
}

function refundEvent(status: RefundStatus, n: number): string {
  if (n === 0) return 'refund.created';
  return status === 'failed' ? 'refund.failed' : 'refund.updated';
}

function disputeEvents(status: DisputeStatus, n: number): string[] {
  if (n === 0)
    return status === 'needs_response'
      ? ['charge.dispute.created', 'charge.dispute.funds_withdrawn']
      : ['charge.dispute.created'];
  if (status === 'won') return ['charge.dispute.closed', 'charge.dispute.funds_reinstated'];
  return [status === 'lost' || status === 'warning_closed' ? 'charge.dispute.closed' : 'charge.dispute.updated'];
}

/**
 * Draws a history's objects as Stripe would show them. `tag` makes the ids those of one lane; they sort as the
 * history's indices do.
 */
export class StripeObjects {
  constructor(
    private readonly history: History,
    private readonly tag: string,
    private readonly startsAt: number,
  ) {}

  userId(customer: number): string {
    return `user_${this.tag}_${customer}`;
  }

  customerId(customer: number): string {
    return `cus_${this.tag}_${customer}`;
  }

  invoiceId(invoice: number): string {
    return `in_${this.tag}_${String(invoice).padStart(2, '0')}`;
  }

  paymentId(payment: number): string {
    return `pi_${this.tag}_${payment}`;
  }

  object(told: Told): object {
    switch (told.about) {
      case 'invoice':
        return this.invoice(told.invoice, this.history.invoices[told.invoice]!);
      case 'part':
        return this.invoicePayment(told.payment, told.part);
      case 'refund':
        return this.refund(told.refund, this.history.refunds[told.refund]!, told.status);
      case 'dispute':
        return this.dispute(told.dispute, this.history.disputes[told.dispute]!, told.status);
      case 'credit note':
        return this.creditNote(told.creditNote, this.history.creditNotes[told.creditNote]!, told.status);
      case 'cancellation':
        return this.canceledSubscription(told.customer);
    }
  }

  private invoice(
    invoice: number,
    { customer, currency, total, totalExcludingTax, amountPaid, paidAt }: Invoice,
  ): object {
    const paid = this.startsAt + paidAt;
    return {
      id: this.invoiceId(invoice),
      object: 'invoice',
      status: 'paid',
      customer: this.customerId(customer),
      currency,
      amount_due: Math.max(0, total),
      amount_paid: amountPaid,
      amount_remaining: 0,
      total,
      total_excluding_tax: totalExcludingTax,
      created: paid,
      status_transitions: { paid_at: paid, finalized_at: paid, voided_at: null, marked_uncollectible_at: null },
      parent: {
        type: 'subscription_details',
        quote_details: null,
        subscription_details: { subscription: this.subscriptionId(customer), metadata: this.metadata(customer) },
      },
      metadata: {},
    };
  }

  private invoicePayment(payment: number, part: number): object {
    const { invoice, amountPaid } = this.history.payments[payment]!.parts[part]!;
    const { currency, paidAt } = this.history.invoices[invoice]!;
    const paid = this.startsAt + paidAt;
    return {
      id: `inpay_${this.tag}_${payment}_${part}`,
      object: 'invoice_payment',
      amount_paid: amountPaid,
      amount_requested: amountPaid,
      created: paid,
      currency,
      invoice: this.invoiceId(invoice),
      is_default: true,
      livemode: false,
      payment: { type: 'payment_intent', payment_intent: this.paymentId(payment) },
      status: 'paid',
      status_transitions: { canceled_at: null, paid_at: paid },
    };
  }

  private refund(refund: number, { payment, amount }: Refund, status: RefundStatus): object {
    return {
      id: `re_${this.tag}_${refund}`,
      object: 'refund',
      amount,
      charge: `ch_${this.tag}_${payment}`,
      created: this.lastPaidAt(payment) + 60 * (refund + 1),
      currency: this.currencyOf(payment),
      metadata: {},
      payment_intent: this.paymentId(payment),
      reason: null,
      status,
      ...(status === 'failed' && { failure_reason: 'expired_or_canceled_card' }),
    };
  }

  private dispute(dispute: number, { payment, amount }: Dispute, status: DisputeStatus): object {
    return {
      id: `du_${this.tag}_${dispute}`,
      object: 'dispute',
      amount,
      balance_transactions: [],
      charge: `ch_${this.tag}_${payment}`,
      created: this.lastPaidAt(payment) + 90 * (dispute + 1),
      currency: this.currencyOf(payment),
      is_charge_refundable: false,
      livemode: false,
      metadata: {},
      payment_intent: this.paymentId(payment),
      reason: 'fraudulent',
      status,
    };
  }

  private creditNote(creditNote: number, note: CreditNote, status: CreditNoteStatus): object {
    const { customer, currency, paidAt } = this.history.invoices[note.invoice]!;
    const amount = note.outOfBandAmount + note.creditedAmount;
    return {
      id: `cn_${this.tag}_${creditNote}`,
      object: 'credit_note',
      amount,
      created: this.startsAt + paidAt + 120,
      currency,
      customer: this.customerId(customer),
      customer_balance_transaction: note.creditedAmount > 0 ? `cbtxn_${this.tag}_${creditNote}` : null,
      invoice: this.invoiceId(note.invoice),
      livemode: false,
      metadata: {},
      out_of_band_amount: note.outOfBandAmount,
      post_payment_amount: amount,
      pre_payment_amount: 0,
      refunds: [],
      status,
      total: amount,
      type: 'post_payment',
      voided_at: status === 'void' ? this.startsAt + paidAt + 180 : null,
    };
  }

  private canceledSubscription(customer: number): object {
    return {
      id: this.subscriptionId(customer),
      object: 'subscription',
      customer: this.customerId(customer),
      currency: 'usd',
      status: 'canceled',
      canceled_at: this.startsAt,
      created: this.startsAt,
      ended_at: this.startsAt,
      items: { object: 'list', data: [], has_more: false },
      metadata: this.metadata(customer),
    };
  }

  private subscriptionId(customer: number): string {
    return `sub_${this.tag}_${customer}`;
  }

  private metadata(customer: number): Record<string, string> {
    return this.history.customers[customer]!.boundBy === 'metadata' ? { userId: this.userId(customer) } : {};
  }

  private currencyOf(payment: number): string {
    return this.history.invoices[this.history.payments[payment]!.parts[0]!.invoice]!.currency;
  }

  private lastPaidAt(payment: number): number {
    const paidAt = this.history.payments[payment]!.parts.map(({ invoice }) => this.history.invoices[invoice]!.paidAt);
    return this.startsAt + Math.max(...paidAt);
  }
}
