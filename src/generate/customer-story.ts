import type { StripeInvoice, StripeSubscription } from '@prisma/client';
import { currencyExponent } from '../common/money.js';
import type { InvoicePayment, Loss } from '../commissions/calculation/invoice-losses.js';
import type { LossSource } from '../commissions/calculation/loss-status.js';
import type { Random } from './random.js';
import { DAY_MS, later, MINUTE_MS } from './world.js';

/** What a customer does about a payment: each step is what Stripe would have told. */
export interface LossStory {
  loss: Pick<Loss, 'id' | 'source' | 'paymentId' | 'invoiceId' | 'currency' | 'amountMinor'>;
  steps: { at: Date; status: string; stripeEventId: string }[];
}

export interface Sale {
  invoice: StripeInvoice;
  payment: InvoicePayment & { id: string };
  losses: LossStory[];
}

/** Everything that Stripe knows of a customer. */
export interface CustomerStory {
  customerId: string;
  referredUserId: string;
  subscription: StripeSubscription;
  sales: Sale[];
}

/** Prices a month in major units, as plans of software have them; what a thousand yen buys costs a hundred times as much. */
const PRICES = [9, 19, 19, 29, 29, 49, 49, 99, 149, 299, 499];
const TAXES_PERMILLE = [null, null, 0, 190, 200, 210];

/** How often it happens: to a trial, to a payment, after each period. */
const CONVERTED = 0.7;
const REFUNDED = 0.025;
const REFUND_FAILS = 0.06;
const DISPUTED = 0.004;
const INQUIRED = 0.003;
const CHURN_PER_PERIOD = 0.055;
const BILLED_YEARLY = 0.12;

/** Tells the life of a customer from the signup to `until`. @param name is part of all of their ids at Stripe. */
export function tellCustomer(
  random: Random,
  given: { name: string; referredUserId: string; signedUpAt: Date; currency: string; until: Date },
): CustomerStory {
  const { name, referredUserId, signedUpAt, currency, until } = given;
  const customerId = `cus_${name}`;
  const subscriptionId = `sub_${name}`;
  const terms = drawTerms(random, currency);
  const sales: Sale[] = [];
  const trialEndsAt = later(signedUpAt, random.pick([0, 7, 14]) * DAY_MS + random.int(1, 600) * MINUTE_MS);
  const converts = random.chance(CONVERTED);
  let endedAt = converts || trialEndsAt >= until ? null : trialEndsAt;
  for (let paidAt = trialEndsAt; converts && paidAt < until && endedAt === null;) {
    const invoice = { name: `${name}n${sales.length}`, customerId, referredUserId, subscriptionId, currency, paidAt };
    sales.push(drawSale(random, { ...invoice, ...terms }));
    paidAt = addMonths(paidAt, terms.months);
    if (random.chance(CHURN_PER_PERIOD) && paidAt < until) endedAt = paidAt;
  }
  const subscription: StripeSubscription = {
    id: subscriptionId,
    customerId,
    referredUserId,
    status: endedAt ? 'canceled' : sales.length > 0 ? 'active' : 'trialing',
    mrrMinor: (terms.netMinor + BigInt(terms.months) / 2n) / BigInt(terms.months),
    currency,
    endedAt,
    seenAt: endedAt ?? sales.at(-1)?.invoice.receivedAt ?? later(signedUpAt, 2000),
  };
  return { customerId, referredUserId, subscription, sales };
}

interface Terms {
  /** Between two invoices. */
  months: number;
  netMinor: bigint;
  taxPermille: number | null;
}

function drawTerms(random: Random, currency: string): Terms {
  const isYearly = random.chance(BILLED_YEARLY);
  const exponent = currencyExponent(currency);
  // A currency without a minor unit has a small major one.
  const unitMinor = exponent === 0 ? 100n : 10n ** BigInt(exponent);
  const seats = random.chance(0.15) ? random.int(2, 12) : 1;
  const monthlyMinor = BigInt(random.pick(PRICES) * seats) * unitMinor;
  return {
    months: isYearly ? 12 : 1,
    netMinor: isYearly ? monthlyMinor * 10n : monthlyMinor,
    taxPermille: random.pick(TAXES_PERMILLE),
  };
}

function drawSale(
  random: Random,
  given: Terms &
    Pick<StripeInvoice, 'customerId' | 'referredUserId' | 'subscriptionId' | 'currency' | 'paidAt'> & { name: string },
): Sale {
  const { name, customerId, referredUserId, subscriptionId, currency, netMinor, taxPermille } = given;
  const discountedMinor = random.chance(0.06) ? (netMinor * 3n) / 4n : netMinor;
  const totalMinor = discountedMinor + (discountedMinor * BigInt(taxPermille ?? 0)) / 1000n;
  // Now and then a credit on the customer's balance pays a part.
  const amountPaidMinor = random.chance(0.02) ? totalMinor / 2n : totalMinor;
  // Stripe stamps in whole seconds.
  const paidAt = new Date(Math.ceil(given.paidAt.getTime() / 1000) * 1000);
  const invoice: StripeInvoice = {
    id: `in_${name}`,
    customerId,
    referredUserId,
    subscriptionId,
    currency,
    totalMinor,
    totalExcludingTaxMinor: taxPermille === null ? null : discountedMinor,
    amountPaidMinor,
    amountPaidOffStripeMinor: 0n,
    paidAt,
    stripeEventId: `evt_${name}`,
    receivedAt: later(paidAt, random.int(300, 4000)),
  };
  const paymentId = `pi_${name}`;
  return {
    invoice,
    payment: { id: `inpay_${name}`, invoiceId: invoice.id, paymentId, amountMinor: amountPaidMinor, status: 'paid' },
    losses: drawLosses(random, name, { paymentId, currency, amountMinor: amountPaidMinor, paidAt }),
  };
}

function drawLosses(
  random: Random,
  name: string,
  payment: { paymentId: string; currency: string; amountMinor: bigint; paidAt: Date },
): LossStory[] {
  const { paymentId, currency, amountMinor, paidAt } = payment;
  const story = (
    id: string,
    source: LossSource,
    lostMinor: bigint,
    steps: [days: number, status: string][],
  ): LossStory => ({
    loss: { id, source, paymentId, invoiceId: null, currency, amountMinor: lostMinor },
    steps: steps.map(([days, status], step) => ({
      at: later(paidAt, days * DAY_MS + random.int(0, 80_000) * 1000),
      status,
      stripeEventId: `evt_${id}s${step}`,
    })),
  });
  const stories: LossStory[] = [];
  if (random.chance(REFUNDED)) {
    const parts = random.chance(0.25) ? 2 : 1;
    const isWhole = random.chance(0.7);
    const refundedMinor = isWhole ? amountMinor : (amountMinor * BigInt(random.int(1, 9))) / 10n;
    const first = random.int(0, 45);
    for (let part = 0; part < parts; part++) {
      const partMinor =
        part === 0
          ? refundedMinor - (refundedMinor / BigInt(parts)) * BigInt(parts - 1)
          : refundedMinor / BigInt(parts);
      const steps: [number, string][] = [[first + part * 2, 'succeeded']];
      if (random.chance(REFUND_FAILS)) steps.push([first + part * 2 + 5, 'failed']);
      if (partMinor > 0n) stories.push(story(`re_${name}p${part}`, 'refund', partMinor, steps));
    }
  }
  const fate = random.fraction();
  const day = random.int(3, 60);
  if (fate < DISPUTED) {
    const end = random.weighted([
      { weight: 6, value: 'lost' },
      { weight: 3, value: 'won' },
    ]);
    stories.push(
      story(`du_${name}`, 'dispute', amountMinor, [
        [day, 'needs_response'],
        [day + 6, 'under_review'],
        [day + 40, end],
      ]),
    );
  } else if (fate < DISPUTED + INQUIRED) {
    stories.push(
      story(`du_${name}`, 'dispute', amountMinor, [
        [day, 'warning_needs_response'],
        [day + 25, 'warning_closed'],
      ]),
    );
  }
  return stories;
}

function addMonths(at: Date, months: number): Date {
  const moved = new Date(at);
  moved.setUTCMonth(moved.getUTCMonth() + months);
  return moved;
}
