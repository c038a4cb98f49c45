import { lockNames, shareNames } from '../../database/advisory-locks.js';
import type { SqlTx } from '../../database/sql-transaction.js';

/**
 * Serialises what is stored about a payment, so that a refund and the news of which invoice its payment paid, arriving
 * at the same moment, do not each miss the other. Held until the transaction ends.
 *
 * Order everywhere: payments, invoices, then customers and users (lockReferralSubjects), then decisions about affiliates
 * (shareDecisions, lockDecisions), then balances.
 */
export async function lockPayments(tx: SqlTx, paymentIds: string[]): Promise<void> {
  await lockNames(
    tx,
    paymentIds.map((id) => `stripe-payment:${id}`),
  );
}

/** Serialises what is stored about an invoice: the invoice itself, its payments, and what was lost on them. */
export async function lockInvoices(tx: SqlTx, invoiceIds: string[]): Promise<void> {
  await lockNames(
    tx,
    invoiceIds.map((id) => `stripe-invoice:${id}`),
  );
}

/**
 * Keeps staff's decisions about these affiliates waiting while referrals of theirs are settled: from before the facts are
 * read until the transaction ends. Settlements do not wait for each other here.
 */
export async function shareDecisions(tx: SqlTx, affiliateIds: string[]): Promise<void> {
  await shareNames(tx, affiliateIds.map(decisionsOn));
}

/**
 * Keeps settlements of all of an affiliate's referrals waiting while staff decide about them: one lock instead of one
 * for each of what may be a hundred thousand customers. Whoever waited reads the decision with the facts.
 */
export async function lockDecisions(tx: SqlTx, affiliateId: string): Promise<void> {
  await lockNames(tx, [decisionsOn(affiliateId)]);
}

function decisionsOn(affiliateId: string): string {
  return `decisions:${affiliateId}`;
}
