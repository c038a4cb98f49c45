import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import type { InvoicePaymentFact } from '../../commissions/facts/loss-records.js';
import { isResourceMissing, unlessMissing } from '../gateways/stripe-errors.js';
import { getAmountMinor, idOf } from '../stripe-object.js';

/** What refunds and disputes name their payment by. */
interface PaidObject {
  payment_intent?: string | { id: string } | null;
  charge?: string | { id: string } | null;
}

const PAGE_SIZE = 100;

/**
 * The way from a refund or dispute to its invoices. Neither charge nor payment intent names an invoice any more
 * (https://docs.stripe.com/api/invoice-payment): the invoice payments do.
 */
@Injectable()
export class PaymentReader {
  constructor(private readonly stripe: Stripe) {}

  /** The payment intent, or the charge where there is none: what an invoice payment names as its payment. */
  async findPaymentId({ payment_intent, charge }: PaidObject): Promise<string | null> {
    const paymentIntentId = idOf(payment_intent);
    if (paymentIntentId) return paymentIntentId;
    const chargeId = idOf(charge);
    if (!chargeId) return null;
    const found = await unlessMissing(this.stripe.charges.retrieve(chargeId));
    return idOf(found?.payment_intent) ?? chargeId;
  }

  /**
   * What the payment paid of which invoices, and what else paid those invoices. Nothing when it paid no invoice, or
   * Stripe does not know it; then only what events have told is known.
   */
  async invoicePaymentsOf(paymentId: string): Promise<InvoicePaymentFact[]> {
    const ofPayment = (await this.list({ payment: { type: 'payment_intent', payment_intent: paymentId } })).filter(
      (fact) => fact.paymentId === paymentId,
    );
    const facts = new Map(ofPayment.map((fact) => [fact.id, fact]));
    for (const invoiceId of new Set(ofPayment.map((fact) => fact.invoiceId))) {
      const siblings = await this.list({ invoice: invoiceId });
      for (const fact of siblings.filter((sibling) => sibling.invoiceId === invoiceId)) facts.set(fact.id, fact);
    }
    return [...facts.values()];
  }

  private async list(params: Stripe.InvoicePaymentListParams): Promise<InvoicePaymentFact[]> {
    const facts: InvoicePaymentFact[] = [];
    try {
      for await (const payment of this.stripe.invoicePayments.list({ ...params, limit: PAGE_SIZE })) {
        facts.push(...invoicePaymentFacts([payment]));
      }
    } catch (error) {
      if (!isResourceMissing(error)) throw error;
    }
    return facts;
  }
}

/** An invoice payment in our words. One that names no payment yet, or whose payment is not Stripe's, is left out. */
export function invoicePaymentFacts(payments: Stripe.InvoicePayment[]): InvoicePaymentFact[] {
  return payments.flatMap((shown) => {
    const { id, invoice, payment, status } = shown;
    const invoiceId = idOf(invoice);
    const paymentId = idOf(payment.payment_intent) ?? idOf(payment.charge);
    if (!invoiceId || !paymentId) return [];
    // What is not paid yet has only what is asked for.
    const amountMinor = getAmountMinor(
      shown,
      (shown.amount_paid ?? null) === null ? 'amount_requested' : 'amount_paid',
    );
    return [{ id, invoiceId, paymentId, amountMinor, status }];
  });
}
