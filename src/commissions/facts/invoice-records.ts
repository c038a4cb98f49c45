import { Prisma, type StripeInvoice } from '@prisma/client';
import type { SqlTx } from '../../database/sql-transaction.js';

/** Keeps paid invoices, each as it was told first. The caller holds them locked. */
export async function storeInvoices(
  tx: SqlTx,
  invoices: Omit<StripeInvoice, 'receivedAt'>[],
  receivedAt: Date,
): Promise<void> {
  if (invoices.length === 0) return;
  const column = <T>(of: (invoice: Omit<StripeInvoice, 'receivedAt'>) => T): T[] => invoices.map(of);
  await tx.$executeRaw`
    INSERT INTO stripe_invoices (id, customer_id, referred_user_id, subscription_id, currency, total_minor, total_excluding_tax_minor,
                                 amount_paid_minor, amount_paid_off_stripe_minor, paid_at, stripe_event_id, received_at)
    SELECT id, customer_id, referred_user_id, subscription_id, currency, total_minor, total_excluding_tax_minor,
           amount_paid_minor, amount_paid_off_stripe_minor, paid_at, stripe_event_id, ${receivedAt}
    FROM unnest(${column(({ id }) => id)}::text[], ${column(({ customerId }) => customerId)}::text[],
                ${column(({ referredUserId }) => referredUserId)}::text[], ${column(({ subscriptionId }) => subscriptionId)}::text[],
                ${column(({ currency }) => currency)}::text[], ${column(({ totalMinor }) => totalMinor)}::bigint[],
                ${column(({ totalExcludingTaxMinor }) => totalExcludingTaxMinor)}::bigint[],
                ${column(({ amountPaidMinor }) => amountPaidMinor)}::bigint[],
                ${column(({ amountPaidOffStripeMinor }) => amountPaidOffStripeMinor)}::bigint[],
                ${column(({ paidAt }) => paidAt)}::timestamptz[], ${column(({ stripeEventId }) => stripeEventId)}::text[])
      AS told (id, customer_id, referred_user_id, subscription_id, currency, total_minor, total_excluding_tax_minor,
               amount_paid_minor, amount_paid_off_stripe_minor, paid_at, stripe_event_id)
    ON CONFLICT (id) DO NOTHING`;
}

/** What is stored of these invoices, by id. */
export function loadInvoices(tx: SqlTx, ids: string[]): Promise<StripeInvoice[]> {
  return tx.$queryRaw`
    SELECT ${INVOICE_COLUMNS} FROM stripe_invoices i WHERE i.id = ANY(${ids}::text[]) ORDER BY i.id`;
}

/** The invoices of these customers and users, and these, oldest first. */
export function loadInvoicesOf(
  tx: SqlTx,
  { customerIds, referredUserIds, ids }: Record<'customerIds' | 'referredUserIds' | 'ids', string[]>,
): Promise<StripeInvoice[]> {
  return tx.$queryRaw`
    SELECT ${INVOICE_COLUMNS} FROM stripe_invoices i
    WHERE i.customer_id = ANY(${customerIds}::text[]) OR i.referred_user_id = ANY(${referredUserIds}::text[])
       OR i.id = ANY(${ids}::text[])
    ORDER BY i.paid_at, i.id`;
}

/** From now on the invoices name this user, whoever they named before. */
export async function renameUsers(
  tx: SqlTx,
  invoices: readonly Pick<StripeInvoice, 'id' | 'referredUserId'>[],
): Promise<void> {
  if (invoices.length === 0) return;
  await tx.$executeRaw`
    UPDATE stripe_invoices i SET referred_user_id = n.referred_user_id
    FROM unnest(${invoices.map(({ id }) => id)}::text[], ${invoices.map(({ referredUserId }) => referredUserId)}::text[])
      AS n (id, referred_user_id)
    WHERE i.id = n.id`;
}

/** Of many at once, which are read in a settlement for each of its referrals: Prisma's own reading takes twice the time. */
const INVOICE_COLUMNS = Prisma.sql`
  i.id, i.customer_id AS "customerId", i.referred_user_id AS "referredUserId", i.subscription_id AS "subscriptionId", i.currency,
  i.total_minor AS "totalMinor", i.total_excluding_tax_minor AS "totalExcludingTaxMinor", i.amount_paid_minor AS "amountPaidMinor",
  i.amount_paid_off_stripe_minor AS "amountPaidOffStripeMinor", i.paid_at AS "paidAt", i.stripe_event_id AS "stripeEventId",
  i.received_at AS "receivedAt"`;
