import { lockNames } from '../../database/advisory-locks.js';
import type { Tx } from '../../database/database.js';

/**
 * Serialises what is stored about a payment, so that a refund and the news of which invoice its payment paid, arriving
 * at the same moment, do not each miss the other. Held until the transaction ends.
 *
 * Order everywhere: payments, invoices, then customers and users (lockReferralSubjects), then balances.
 */
export async function lockPayments(tx: Tx, paymentIds: string[]): Promise<void> {
  await lockNames(
    tx,
    paymentIds.map((id) => `stripe-payment:${id}`),
  );
}

/** Serialises what is stored about an invoice: the invoice itself, its payments, and what was lost on them. */
export async function lockInvoices(tx: Tx, invoiceIds: string[]): Promise<void> {
  await lockNames(
    tx,
    invoiceIds.map((id) => `stripe-invoice:${id}`),
  );
}
