import fc from 'fast-check';
import { addUtcMonths, type CreditNoteStatus, type DisputeStatus, type RefundStatus, type Terms } from './model.js';

/**
 * What happens to one affiliate, as plain data, so that a counterexample can be printed and kept. Times are seconds
 * from the start of the history's calendar; things name each other by their index.
 */
export interface History {
  plans: Terms[];
  affiliate: {
    ownRateBps: number | null;
    /** Onboarded, so that payout runs pay what is payable. */
    isPaidOut: boolean;
  };
  changes: TermChange[];
  customers: Customer[];
  invoices: Invoice[];
  payments: Payment[];
  refunds: Refund[];
  disputes: Dispute[];
  creditNotes: CreditNote[];
  /**
   * The referrals that staff reject, where nothing is paid out: what a payout holds at that moment is spared, and that is
   * not the same in every order of the webhooks.
   */
  rejections: Rejection[];
  /** What is taken back of the transfers that payout runs made. */
  reversals: TransferReversal[];
  /** The payout run of which Stripe refuses every transfer. */
  refusedRun: number | null;
  /** One order of the webhooks each; 0 is the order in which things happened. */
  shuffles: number[];
}

/** What the host does to the terms, at a moment of the calendar. */
export type TermChange =
  | { kind: 'own rate'; moment: number; rateBps: number | null }
  | { kind: 'plan version'; moment: number; plan: number; terms: Terms }
  | { kind: 'plan switch'; moment: number; plan: number };

export interface Customer {
  /** When the host reports the signup, and when it says it happened. */
  reportedAtMoment: number;
  signedUpAt: number;
  /** How an invoice tells whose it is. */
  boundBy: 'metadata' | 'stripe customer';
  churns: boolean;
}

export interface Invoice {
  customer: number;
  currency: string;
  total: number;
  totalExcludingTax: number | null;
  amountPaid: number;
  paidAt: number;
}

export interface Payment {
  parts: { invoice: number; amountPaid: number }[];
}

export interface Refund {
  payment: number;
  amount: number;
  statuses: RefundStatus[];
}

export interface Dispute {
  payment: number;
  amount: number;
  statuses: DisputeStatus[];
}

export interface CreditNote {
  invoice: number;
  outOfBandAmount: number;
  creditedAmount: number;
  statuses: CreditNoteStatus[];
}

/** Of a customer whose signup was reported by then; another one is left alone. */
export interface Rejection {
  customer: number;
  moment: number;
}

/** Each transfer of one of the first payout runs is reversed in parts, each a part of what is left then. */
export interface TransferReversal {
  run: number;
  partsPermille: number[];
}

const DAY = 24 * 60 * 60;

/**
 * The moments of every history's calendar. The affiliate comes at the first one. In the first part only terms change
 * and signups are reported; the webhooks of everything arrive from `FIRST_DELIVERY` on, so that any order of them is
 * possible, while holds run out between one moment and the next.
 */
export const FIRST_DELIVERY = 6;
const EARLY = Array.from({ length: FIRST_DELIVERY }, (_, n) => n * 45 * DAY);
const LATE = Array.from({ length: 7 }, (_, n) => 270 * DAY + n * 20 * DAY);
export const MOMENTS = [...EARLY, ...LATE];
/** After the deliveries of these a payout run follows; they lie in different months. */
export const PAYOUT_MOMENTS = [8, 10, 12];
/** Any year would do that is followed by three others like this one's successors: see `calendarStart`. */
const REFERENCE_START = calendarStart(0);

/** Four years apart, so that months and leap days fall alike in each (2100 is far). */
export function calendarStart(number: number): number {
  return Date.UTC(2029 + number * 4, 0, 1) / 1000;
}

const CURRENCIES = ['usd', 'eur', 'jpy', 'kwd', 'isk'];

/** One of these, each as often as its number says. */
function oneOf<T>(...choices: [number, T][]): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));
}

const rate = oneOf([8, 2000], [1, 0], [1, 1], [3, 333], [4, 1250], [5, 3333], [4, 5000], [4, 9999], [8, 10_000]);

const REFUND_PATHS: RefundStatus[][] = [
  ['succeeded'],
  ['pending', 'succeeded'],
  ['succeeded', 'failed'],
  ['pending', 'succeeded', 'failed'],
  ['pending', 'failed'],
  ['pending', 'canceled'],
  ['requires_action', 'succeeded'],
  ['pending'],
];
const DISPUTE_PATHS: DisputeStatus[][] = [
  ['needs_response', 'under_review', 'won'],
  ['needs_response', 'lost'],
  ['needs_response', 'under_review', 'lost'],
  ['needs_response'],
  ['warning_needs_response'],
  ['warning_needs_response', 'warning_closed'],
  ['warning_needs_response', 'warning_under_review', 'warning_closed'],
  ['warning_needs_response', 'warning_under_review', 'needs_response', 'lost'],
  ['warning_needs_response', 'needs_response', 'under_review', 'won'],
  ['needs_response', 'lost', 'appeal_needs_response', 'appeal_under_review', 'won'],
  ['needs_response', 'lost', 'appeal_needs_response'],
  ['prevented'],
];

const terms: fc.Arbitrary<Terms> = fc.record({
  rateBps: rate,
  holdDays: oneOf([3, 0], [1, 14], [2, 120], [2, 300]),
  durationMonths: oneOf<number | null>([2, null], [2, 1], [1, 2], [1, 3], [1, 12]),
});

/** A part of something that is only known once the history is put together. */
const portion = fc.oneof(
  fc.constant({ kind: 'all' as const }),
  fc.constant({ kind: 'rest' as const }),
  fc.record({ kind: fc.constant('minor units' as const), amount: fc.integer({ min: 1, max: 50 }) }),
  fc.record({ kind: fc.constant('permille' as const), permille: fc.integer({ min: 1, max: 999 }) }),
);
type Portion = typeof portion extends fc.Arbitrary<infer T> ? T : never;

const total = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 100, max: 250_000 }) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 99 }) },
  { weight: 1, arbitrary: oneOf([1, 0], [1, -500], [1, 9_999_999]) },
);

const rawInvoice = fc.record({
  customer: oneOf([4, 0], [2, 1], [1, 2]),
  currency: oneOf<0 | 1>([3, 0], [1, 1]),
  total,
  tax: oneOf<'none' | 'unknown' | '19 %' | 'odd' | 'all'>(
    [4, 'none'],
    [2, 'unknown'],
    [5, '19 %'],
    [3, 'odd'],
    [1, 'all'],
  ),
  paid: oneOf<'all' | 'less by credit' | 'nothing' | 'too much'>(
    [10, 'all'],
    [4, 'less by credit'],
    [1, 'nothing'],
    [1, 'too much'],
  ),
  permille: fc.nat(999),
  /** Of the same amounts as the one before and paid with it, so that what is lost splits evenly, or almost. */
  isTwin: oneOf([3, false], [1, true]),
  payments: oneOf<'one' | 'two' | 'with the last' | 'one and with the last' | 'never told'>(
    [4, 'one'],
    [3, 'two'],
    [6, 'with the last'],
    [2, 'one and with the last'],
    [1, 'never told'],
  ),
  paidAt: fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ near: fc.constant('a day' as const), at: fc.integer({ min: 0, max: 269 * DAY }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        near: oneOf<'a term change' | 'the signup' | 'the end of a term'>(
          [2, 'a term change'],
          [1, 'the signup'],
          [2, 'the end of a term'],
        ),
        pick: fc.nat(20),
        offBySeconds: oneOf([2, 0], [1, -1], [1, 1]),
      }),
    },
  ),
});
type RawInvoice = typeof rawInvoice extends fc.Arbitrary<infer T> ? T : never;

const raw = fc.record({
  plans: fc.array(terms, { minLength: 1, maxLength: 2 }),
  ownRateBps: oneOf<number | null>([4, null], [2, 2500]),
  isPaidOut: oneOf([1, false], [1, true]),
  changes: fc.array(
    fc.record({
      kind: oneOf<TermChange['kind']>([2, 'own rate'], [1, 'plan version'], [1, 'plan switch']),
      moment: fc.oneof(fc.nat(FIRST_DELIVERY - 1), fc.nat(MOMENTS.length - 1)),
      rateBps: fc.option(rate, { freq: 4 }),
      plan: fc.nat(1),
      terms,
    }),
    { maxLength: 5 },
  ),
  customers: fc.array(
    fc.record({
      reportedAtMoment: fc.oneof(fc.constant(0), fc.constant(0), fc.nat(MOMENTS.length - 1)),
      reportedLateBy: oneOf([1, 0], [1, 1], [1, 3 * DAY], [1, 100 * DAY], [8, 400 * DAY]),
      boundBy: oneOf<Customer['boundBy']>([1, 'metadata'], [1, 'stripe customer']),
      churns: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  currencies: fc.tuple(fc.constantFrom(...CURRENCIES), fc.constantFrom(...CURRENCIES)),
  invoices: fc.array(rawInvoice, { minLength: 1, maxLength: 6, size: 'max' }),
  refunds: fc.array(fc.record({ payment: fc.nat(9), portion, statuses: fc.constantFrom(...REFUND_PATHS) }), {
    maxLength: 6,
  }),
  disputes: fc.array(fc.record({ payment: fc.nat(9), portion, statuses: fc.constantFrom(...DISPUTE_PATHS) }), {
    maxLength: 3,
  }),
  creditNotes: fc.array(
    fc.record({ invoice: fc.nat(9), portion, credited: fc.nat(500), isVoided: oneOf([2, false], [1, true]) }),
    { maxLength: 2 },
  ),
  rejections: fc.array(fc.record({ customer: fc.nat(2), moment: fc.nat(MOMENTS.length - 1) }), { maxLength: 2 }),
  shuffles: fc.tuple(fc.nat(0xffff), fc.nat(0xffff), fc.nat(0xffff)),
  reversals: fc.array(
    fc.record({
      // One of the last run would have no run after it.
      run: fc.nat(PAYOUT_MOMENTS.length - 2),
      partsPermille: fc.array(oneOf([3, 1000], [2, 500], [1, 1], [1, 999]), { minLength: 1, maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 3, size: 'max' },
  ),
  refusedRun: oneOf<number | null>([12, null], [1, 0], [1, 1], [1, 2]),
});
type Raw = typeof raw extends fc.Arbitrary<infer T> ? T : never;

/** Every history a billing system could write, and more of those where the rules meet than chance would bring. */
export const history: fc.Arbitrary<History> = raw.map(assemble);

function assemble(given: Raw): History {
  const changes = given.changes.map((change) => toTermChange(change, given.plans.length));
  const customers = given.customers.map(({ reportedLateBy, ...customer }) => ({
    ...customer,
    signedUpAt: Math.max(0, MOMENTS[customer.reportedAtMoment]! - reportedLateBy),
  }));
  const invoices: Invoice[] = [];
  const rawInvoices = withTwins(given.invoices);
  for (const one of rawInvoices) invoices.push(toInvoice(one, { given, changes, customers, earlier: invoices }));
  const payments = toPayments(rawInvoices, invoices);
  return {
    plans: given.plans,
    affiliate: { ownRateBps: given.ownRateBps, isPaidOut: given.isPaidOut },
    changes: changes.sort((a, b) => a.moment - b.moment),
    customers,
    invoices,
    payments,
    ...takenBack(given, payments),
    creditNotes: given.creditNotes.flatMap(({ invoice: pick, portion: part, credited, isVoided }) => {
      const invoice = pick % invoices.length;
      const outOfBandAmount = amountOf(part, invoices[invoice]!.amountPaid, invoices[invoice]!.amountPaid);
      if (outOfBandAmount + credited <= 0) return [];
      return [
        { invoice, outOfBandAmount, creditedAmount: credited, statuses: isVoided ? ['issued', 'void'] : ['issued'] },
      ];
    }),
    rejections: given.isPaidOut
      ? []
      : given.rejections.map(({ customer, moment }) => ({ customer: customer % customers.length, moment })),
    reversals: given.isPaidOut ? given.reversals : [],
    refusedRun: given.isPaidOut ? given.refusedRun : null,
    shuffles: given.shuffles,
  };
}

function toTermChange({ kind, moment, rateBps, plan, terms: to }: Raw['changes'][number], plans: number): TermChange {
  if (kind === 'own rate') return { kind, moment, rateBps };
  if (kind === 'plan version') return { kind, moment, plan: plan % plans, terms: to };
  return { kind, moment, plan: plan % plans };
}

function withTwins(given: RawInvoice[]): RawInvoice[] {
  const all: RawInvoice[] = [];
  for (const one of given) {
    const last = all.at(-1);
    all.push(one.isTwin && last ? { ...last, paidAt: one.paidAt, payments: 'with the last' } : one);
  }
  return all;
}

function toInvoice(
  one: RawInvoice,
  known: { given: Raw; changes: TermChange[]; customers: Customer[]; earlier: Invoice[] },
): Invoice {
  const customer = one.customer % known.customers.length;
  const isOwed = one.total > 0;
  const portionOf = (amount: number): number => Math.floor((amount * one.permille) / 1000);
  const taxFree = {
    none: one.total,
    unknown: null,
    '19 %': Math.round(one.total / 1.19),
    odd: portionOf(one.total),
    all: 0,
  };
  const paid = {
    all: one.total,
    'less by credit': portionOf(one.total),
    nothing: 0,
    'too much': one.total + 1 + one.permille,
  };
  return {
    customer,
    currency: known.given.currencies[one.currency],
    total: one.total,
    totalExcludingTax: isOwed ? taxFree[one.tax] : one.total,
    amountPaid: isOwed ? paid[one.paid] : 0,
    paidAt: toPaidAt(one.paidAt, { ...known, customer }),
  };
}

/** Where the rules have their edges, a second decides. */
function toPaidAt(
  paidAt: RawInvoice['paidAt'],
  {
    given,
    changes,
    customers,
    customer,
    earlier,
  }: { given: Raw; changes: TermChange[]; customers: Customer[]; customer: number; earlier: Invoice[] },
): number {
  const rateMoments = changes.filter(({ kind }) => kind === 'own rate').map(({ moment }) => moment);
  const edgeOf = (): number => {
    switch (paidAt.near) {
      case 'a day':
        return paidAt.at;
      case 'a term change':
        return MOMENTS[rateMoments[paidAt.pick % rateMoments.length] ?? 0]!;
      case 'the signup':
        return customers[customer]!.signedUpAt - 5 * 60;
      case 'the end of a term': {
        const first = Math.min(...earlier.filter((one) => one.customer === customer).map((one) => one.paidAt));
        if (first === Infinity) return 0;
        const months = given.plans[paidAt.pick % given.plans.length]!.durationMonths ?? 1;
        return addUtcMonths(REFERENCE_START + first, months) - REFERENCE_START;
      }
    }
  };
  const at = edgeOf() + ('offBySeconds' in paidAt ? paidAt.offBySeconds : 0);
  // Nothing is paid after its webhook has arrived.
  return Math.min(at, MOMENTS[FIRST_DELIVERY]! - 1);
}

function toPayments(given: RawInvoice[], invoices: Invoice[]): Payment[] {
  const payments: (Payment & { customer: number; currency: string })[] = [];
  invoices.forEach(({ customer, currency, amountPaid }, invoice) => {
    const { payments: way, permille } = given[invoice]!;
    if (amountPaid <= 0 || way === 'never told') return;
    const first = Math.max(1, Math.floor((amountPaid * permille) / 1000));
    const last = payments.findLast((payment) => payment.customer === customer && payment.currency === currency);
    const pay = (amount: number): void => {
      if (amount > 0) payments.push({ customer, currency, parts: [{ invoice, amountPaid: amount }] });
    };
    if (way === 'two') {
      pay(first);
      pay(amountPaid - first);
    } else if (way === 'with the last' && last) {
      last.parts.push({ invoice, amountPaid });
    } else if (way === 'one and with the last' && last && amountPaid > first) {
      pay(first);
      last.parts.push({ invoice, amountPaid: amountPaid - first });
    } else {
      pay(amountPaid);
    }
  });
  return payments.map(({ parts }) => ({ parts }));
}

function takenBack(given: Raw, payments: Payment[]): Pick<History, 'refunds' | 'disputes'> {
  if (payments.length === 0) return { refunds: [], disputes: [] };
  const sizes = payments.map(({ parts }) => parts.reduce((sum, { amountPaid }) => sum + amountPaid, 0));
  const rests = [...sizes];
  const take = (pick: number, part: Portion): { payment: number; amount: number } => {
    const payment = pick % payments.length;
    const amount = Math.max(1, amountOf(part, sizes[payment]!, rests[payment]!));
    rests[payment] = Math.max(0, rests[payment]! - amount);
    return { payment, amount };
  };
  return {
    refunds: given.refunds.map(({ payment, portion: part, statuses }) => ({ ...take(payment, part), statuses })),
    disputes: given.disputes.map(({ payment, portion: part, statuses }) => ({ ...take(payment, part), statuses })),
  };
}

function amountOf(part: Portion, whole: number, rest: number): number {
  switch (part.kind) {
    case 'all':
      return whole;
    case 'rest':
      return rest;
    case 'minor units':
      return Math.min(part.amount, whole);
    case 'permille':
      return Math.floor((whole * part.permille) / 1000);
  }
}

/** The history in words, for whoever has to find out what went wrong. */
export function describeHistory(told: History): string {
  const at = (seconds: number): string => new Date((REFERENCE_START + seconds) * 1000).toISOString().slice(0, 19);
  const termsOf = ({ rateBps, holdDays, durationMonths }: Terms): string =>
    `${rateBps} bps, held ${holdDays} days, for ${durationMonths === null ? 'life' : `${durationMonths} months`}`;
  const change = (one: TermChange): string => {
    if (one.kind === 'own rate') return `own rate becomes ${one.rateBps ?? "the plan's"}`;
    if (one.kind === 'plan switch') return `moves to plan ${one.plan}`;
    return `plan ${one.plan} becomes ${termsOf(one.terms)}`;
  };
  return [
    ...told.plans.map((plan, n) => `plan ${n}: ${termsOf(plan)}`),
    `affiliate: own rate ${told.affiliate.ownRateBps ?? 'none'}, ${told.affiliate.isPaidOut ? 'paid out' : 'not onboarded'}`,
    ...told.changes.map((one) => `${at(MOMENTS[one.moment]!)}: ${change(one)}`),
    ...told.customers.map(
      (one, n) =>
        `customer ${n}: signed up ${at(one.signedUpAt)}, reported ${at(MOMENTS[one.reportedAtMoment]!)}, known by ${one.boundBy}${one.churns ? ', cancels' : ''}`,
    ),
    ...told.invoices.map(
      (one, n) =>
        `invoice ${n}: customer ${one.customer} pays ${one.amountPaid} ${one.currency} of ${one.total} (${one.totalExcludingTax ?? 'unknown'} without tax) at ${at(one.paidAt)}`,
    ),
    ...told.payments.map(
      ({ parts }, n) =>
        `payment ${n}: ${parts.map(({ invoice, amountPaid }) => `${amountPaid} to invoice ${invoice}`).join(', ')}`,
    ),
    ...told.refunds.map(
      (one, n) => `refund ${n}: ${one.amount} of payment ${one.payment}: ${one.statuses.join(' → ')}`,
    ),
    ...told.disputes.map(
      (one, n) => `dispute ${n}: ${one.amount} of payment ${one.payment}: ${one.statuses.join(' → ')}`,
    ),
    ...told.creditNotes.map(
      (one, n) =>
        `credit note ${n}: invoice ${one.invoice}, ${one.outOfBandAmount} out of band, ${one.creditedAmount} as credit: ${one.statuses.join(' → ')}`,
    ),
    ...told.rejections.map(({ customer, moment }) => `${at(MOMENTS[moment]!)}: staff reject customer ${customer}`),
    ...told.reversals.map(
      ({ run, partsPermille }) =>
        `transfers of run ${run}: reversed by ${partsPermille.join(', ')} permille of what is left`,
    ),
    ...(told.refusedRun === null ? [] : [`run ${told.refusedRun}: every transfer is refused`]),
    `orders of the webhooks: 0, ${told.shuffles.join(', ')}`,
  ].join('\n');
}
