import { Prisma } from '@prisma/client';
import type { SqlTx } from '../../database/sql-transaction.js';
import type { InvoicePayment, Loss } from '../calculation/invoice-losses.js';
import { compareLossStatus, isKnownLossStatus } from '../calculation/loss-status.js';

/** A payment of an invoice as Stripe tells it. */
export interface InvoicePaymentFact extends InvoicePayment {
  id: string;
}

/** A loss as an event tells it. */
export interface LossFact extends Omit<Loss, 'unknownStatuses'> {
  stripeEventId: string;
}

/** How far along its life an invoice payment is. A status unknown to us lies between. */
const PAYMENT_RANKS: Record<string, number> = { open: 0, paid: 2, canceled: 3 };
const UNKNOWN_PAYMENT_RANK = 1;

/**
 * Keeps what was seen of invoice payments; of two states of one the later in its life counts, not the later to arrive.
 * The caller holds the payments locked.
 */
export async function storeInvoicePayments(tx: SqlTx, seen: InvoicePaymentFact[], receivedAt: Date): Promise<void> {
  const facts = sortedById(latestOfEach(seen));
  if (facts.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO stripe_invoice_payments AS known (id, invoice_id, payment_id, amount_minor, status, received_at)
    SELECT id, invoice_id, payment_id, amount_minor, status, ${receivedAt}
    FROM unnest(${facts.map(({ id }) => id)}::text[], ${facts.map(({ invoiceId }) => invoiceId)}::text[],
                ${facts.map(({ paymentId }) => paymentId)}::text[], ${facts.map(({ amountMinor }) => amountMinor)}::bigint[],
                ${facts.map(({ status }) => status)}::text[])
      AS fact (id, invoice_id, payment_id, amount_minor, status)
    ON CONFLICT (id) DO UPDATE
      SET amount_minor = EXCLUDED.amount_minor, status = EXCLUDED.status, received_at = EXCLUDED.received_at
      WHERE ${rankSql(Prisma.sql`EXCLUDED.status`)} > ${rankSql(Prisma.sql`known.status`)}`;
}

function latestOfEach(seen: InvoicePaymentFact[]): InvoicePaymentFact[] {
  const rank = (status: string): number => PAYMENT_RANKS[status] ?? UNKNOWN_PAYMENT_RANK;
  const latest = new Map<string, InvoicePaymentFact>();
  for (const fact of seen) {
    const other = latest.get(fact.id);
    if (!other || rank(fact.status) > rank(other.status)) latest.set(fact.id, fact);
  }
  return [...latest.values()];
}

function rankSql(status: Prisma.Sql): Prisma.Sql {
  const ranks = JSON.stringify(PAYMENT_RANKS);
  return Prisma.sql`coalesce((${ranks}::jsonb ->> ${status})::int, ${UNKNOWN_PAYMENT_RANK}::int)`;
}

/** A loss as it is kept. */
type KnownLoss = LossFact & Pick<Loss, 'unknownStatuses'>;

/**
 * Keeps what was seen of refunds, disputes and credit notes, in the same way. At one and the same status the larger
 * amount counts: a bank may dispute more than at first. A status that we do not know is remembered even when another
 * one counts. The caller holds the losses' payments and invoices locked.
 */
export async function storeLosses(tx: SqlTx, seen: LossFact[], receivedAt: Date): Promise<void> {
  if (seen.length === 0) return;
  const known = new Map((await loadKnown(tx, seen)).map((loss) => [loss.id, loss]));
  const changed = new Map<string, KnownLoss>();
  for (const fact of seen) {
    const before = known.get(fact.id);
    const after = before ? withFact(before, fact) : { ...fact, unknownStatuses: withUnknown([], fact) };
    known.set(fact.id, after);
    if (after !== before) changed.set(fact.id, after);
  }
  await writeLosses(tx, sortedById([...changed.values()]), receivedAt);
}

function withFact(known: KnownLoss, fact: LossFact): KnownLoss {
  const { source, status, amountMinor, stripeEventId } = fact;
  const unknownStatuses = withUnknown(known.unknownStatuses, fact);
  const order = compareLossStatus(source, status, known.status);
  if (order > 0 || (order === 0 && amountMinor > known.amountMinor)) {
    return { ...known, status, amountMinor, stripeEventId, unknownStatuses };
  }
  return unknownStatuses.length > known.unknownStatuses.length ? { ...known, unknownStatuses } : known;
}

function loadKnown(tx: SqlTx, seen: LossFact[]): Promise<KnownLoss[]> {
  return tx.$queryRaw`
    SELECT id, source, payment_id AS "paymentId", invoice_id AS "invoiceId", currency, amount_minor AS "amountMinor", status,
           unknown_statuses AS "unknownStatuses", stripe_event_id AS "stripeEventId"
    FROM stripe_losses WHERE id = ANY(${seen.map(({ id }) => id)}::text[])`;
}

async function writeLosses(tx: SqlTx, losses: KnownLoss[], receivedAt: Date): Promise<void> {
  if (losses.length === 0) return;
  const column = <K extends keyof KnownLoss>(name: K): KnownLoss[K][] => losses.map((loss) => loss[name]);
  await tx.$executeRaw`
    INSERT INTO stripe_losses (id, source, payment_id, invoice_id, currency, amount_minor, status, unknown_statuses, stripe_event_id,
                               received_at)
    SELECT id, source, payment_id, invoice_id, currency, amount_minor, status,
           ARRAY(SELECT jsonb_array_elements_text(unknown_statuses::jsonb)), stripe_event_id, ${receivedAt}
    FROM unnest(${column('id')}::text[], ${column('source')}::text[], ${column('paymentId')}::text[], ${column('invoiceId')}::text[],
                ${column('currency')}::text[], ${column('amountMinor')}::bigint[], ${column('status')}::text[],
                ${column('unknownStatuses').map((statuses) => JSON.stringify(statuses))}::text[],
                ${column('stripeEventId')}::text[])
      AS l (id, source, payment_id, invoice_id, currency, amount_minor, status, unknown_statuses, stripe_event_id)
    ON CONFLICT (id) DO UPDATE
      SET status = EXCLUDED.status, amount_minor = EXCLUDED.amount_minor, unknown_statuses = EXCLUDED.unknown_statuses,
          stripe_event_id = EXCLUDED.stripe_event_id, received_at = EXCLUDED.received_at`;
}

/** Everything that lossesOfInvoice needs to know of these invoices, in two queries. */
export async function loadLosses(
  tx: SqlTx,
  invoiceIds: string[],
): Promise<{ payments: InvoicePayment[]; losses: Loss[] }> {
  if (invoiceIds.length === 0) return { payments: [], losses: [] };
  const payments = await tx.$queryRaw<InvoicePayment[]>`
    SELECT invoice_id AS "invoiceId", payment_id AS "paymentId", amount_minor AS "amountMinor", status
    FROM stripe_invoice_payments
    WHERE payment_id = ANY (ARRAY(SELECT payment_id FROM stripe_invoice_payments WHERE invoice_id = ANY(${invoiceIds}::text[])))`;
  const losses = await tx.$queryRaw<Loss[]>`
    SELECT id, source, payment_id AS "paymentId", invoice_id AS "invoiceId", currency, amount_minor AS "amountMinor", status,
           unknown_statuses AS "unknownStatuses"
    FROM stripe_losses
    WHERE payment_id = ANY(${[...new Set(payments.map(({ paymentId }) => paymentId))]}::text[])
       OR invoice_id = ANY(${invoiceIds}::text[])`;
  return { payments, losses };
}

function withUnknown(unknownStatuses: string[], { source, status }: LossFact): string[] {
  return isKnownLossStatus(source, status) ? unknownStatuses : [...new Set([...unknownStatuses, status])].sort();
}

/** One order for all writers, so that two cannot wait for each other. */
function sortedById<T extends { id: string }>(facts: T[]): T[] {
  return [...facts].sort((a, b) => (a.id < b.id ? -1 : 1));
}
