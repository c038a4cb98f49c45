import { lossEffect, type LossSource } from './loss-status.js';

/** What one payment paid of one invoice. A payment may pay several invoices, an invoice have several payments. */
export interface InvoicePayment {
  invoiceId: string;
  paymentId: string;
  amountMinor: bigint;
  /** Stripe's word: `open`, `paid` or `canceled`. */
  status: string;
}

/** A refund or dispute of a payment, or a credit note of an invoice that was settled outside Stripe. */
export interface Loss {
  id: string;
  source: LossSource;
  paymentId: string | null;
  invoiceId: string | null;
  currency: string;
  amountMinor: bigint;
  status: string;
  /** Every status told of it that this version does not know, whichever counts. */
  unknownStatuses: string[];
}

/** How much of what was lost on a payment falls on the invoice. */
export interface LostShare {
  paymentId: string;
  /** Refunded and disputed on the payment in all. */
  lostMinor: bigint;
  /** What the payment paid of this invoice, and of all its invoices. */
  invoicePartMinor: bigint;
  paymentTotalMinor: bigint;
  shareMinor: bigint;
}

export interface InvoiceLosses {
  /** Never above what was paid. */
  lostMinor: bigint;
  inquiryOpen: boolean;
  /** Every loss that bears on the invoice, in the order of ids; those without effect too, as they may have had one. */
  losses: Loss[];
  shares: LostShare[];
}

/**
 * What the customer has taken back of an invoice: its share of the refunds and disputes
 * of each payment, and its credit notes that were settled out of band, capped at what was paid.
 *
 * The *sum* of what a payment lost is split over its invoices at once, so that many small refunds end exactly where one
 * large one does. Where an invoice has several payments, one of them takes back no more than the others did not bring:
 * a refund and a dispute over the same charge are not counted twice.
 *
 * @param paidMinor what counts as paid of the invoice: min(amount paid, total).
 * @param payments all payments of the invoice, and all invoices of those payments.
 * @param losses all losses of those payments, and the invoice's own.
 */
export function lossesOfInvoice(
  invoice: { id: string; currency: string; paidMinor: bigint },
  payments: InvoicePayment[],
  losses: Loss[],
): InvoiceLosses {
  const standing = payments.filter(({ status }) => status !== 'canceled');
  const own = standing.filter(({ invoiceId }) => invoiceId === invoice.id);
  const ownPayments = new Set(own.map(({ paymentId }) => paymentId));
  const relevant = losses
    .filter((loss) => loss.invoiceId === invoice.id || (loss.paymentId !== null && ownPayments.has(loss.paymentId)))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const taken = relevant.filter((loss) => lossEffect(loss.source, loss.status) === 'taken');

  const shares = [...ownPayments].sort().flatMap((paymentId) => {
    const lostMinor = sum(taken.filter((loss) => loss.paymentId === paymentId).map((loss) => lossIn(loss, invoice)));
    if (lostMinor === 0n) return [];
    const parts = partsByInvoice(standing.filter((payment) => payment.paymentId === paymentId));
    const othersMinor = sum(own.filter((part) => part.paymentId !== paymentId && part.status === 'paid').map(amountOf));
    const capMinor = max(invoice.paidMinor - othersMinor, 0n);
    const shareMinor = min(splitByWeight(lostMinor, parts).get(invoice.id) ?? 0n, capMinor);
    const invoicePartMinor = parts.get(invoice.id) ?? 0n;
    return [{ paymentId, lostMinor, invoicePartMinor, paymentTotalMinor: sum([...parts.values()]), shareMinor }];
  });
  const outOfBandMinor = sum(
    taken.filter((loss) => loss.invoiceId === invoice.id).map((loss) => lossIn(loss, invoice)),
  );
  return {
    lostMinor: min(sum(shares.map(({ shareMinor }) => shareMinor)) + outOfBandMinor, max(invoice.paidMinor, 0n)),
    inquiryOpen: relevant.some((loss) => lossEffect(loss.source, loss.status) === 'held'),
    losses: relevant,
    shares,
  };
}

/**
 * What the customer has taken back of the part of an invoice that was paid outside Stripe. Refunds and disputes go back
 * to the payments that Stripe knows; a credit note that was settled out of band takes first what is left of those, as it
 * did before anything else was accepted, and the rest from here. So accepting money changes nothing of what was earned.
 *
 * @param invoice `paidMinor` is what counts as paid outside Stripe, `throughStripeMinor` what counts as paid through it.
 * @param throughStripe what was lost of the other part.
 */
export function lossesOutOfBand(
  invoice: { id: string; currency: string; paidMinor: bigint; throughStripeMinor: bigint },
  throughStripe: InvoiceLosses,
): InvoiceLosses {
  const { id, currency, paidMinor, throughStripeMinor } = invoice;
  const notes = throughStripe.losses.filter(({ invoiceId }) => invoiceId === id);
  const whole = { currency, paidMinor: paidMinor + throughStripeMinor };
  const creditedMinor = sum(
    notes.filter((note) => lossEffect(note.source, note.status) === 'taken').map((note) => lossIn(note, whole)),
  );
  const refundedMinor = sum(throughStripe.shares.map(({ shareMinor }) => shareMinor));
  const bornByStripeMinor = max(throughStripeMinor - refundedMinor, 0n);
  return {
    lostMinor: min(max(creditedMinor - bornByStripeMinor, 0n), paidMinor),
    inquiryOpen: false,
    losses: notes,
    shares: [],
  };
}

/** Currencies never mix: a loss told in another one (a bank's own, say) says nothing of how much, so all of it counts. */
function lossIn(loss: Loss, invoice: { currency: string; paidMinor: bigint }): bigint {
  return loss.currency === invoice.currency ? loss.amountMinor : max(invoice.paidMinor, 0n);
}

function partsByInvoice(payments: InvoicePayment[]): Map<string, bigint> {
  const parts = new Map<string, bigint>();
  for (const { invoiceId, amountMinor } of payments) parts.set(invoiceId, (parts.get(invoiceId) ?? 0n) + amountMinor);
  return parts;
}

/**
 * Splits an amount in proportion to weights, to the last unit: each gets its quotient rounded down, and the units left
 * over go to the largest remainders, ties to the smaller name. Without any weight the split is even.
 */
export function splitByWeight(amountMinor: bigint, weights: ReadonlyMap<string, bigint>): Map<string, bigint> {
  const total = sum([...weights.values()]);
  const weighted = [...weights].map(([name, weight]) => ({ name, weight: total === 0n ? 1n : weight }));
  const divisor = total === 0n ? BigInt(weights.size) : total;
  const parts = weighted.map(({ name, weight }) => ({
    name,
    part: (amountMinor * weight) / divisor,
    remainder: (amountMinor * weight) % divisor,
  }));
  let left = amountMinor - sum(parts.map(({ part }) => part));
  parts.sort((a, b) => (a.remainder === b.remainder ? (a.name < b.name ? -1 : 1) : a.remainder > b.remainder ? -1 : 1));
  return new Map(parts.map(({ name, part }) => [name, left-- > 0n ? part + 1n : part]));
}

function amountOf({ amountMinor }: { amountMinor: bigint }): bigint {
  return amountMinor;
}

function sum(amounts: bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
