import { currencyStepMinor, formatAmount, toJsonAmount } from '../common/money.js';
import { paidOf, type InvoiceAmounts } from './calculation/commission-calculator.js';
import type { LossSource } from './calculation/loss-status.js';
import type { InvoicePart } from './settlement/targets.js';
import type { ExplanationDto, ExplanationStepDto, StepCauseDto, StepKind, StepReason } from './commission.dto.js';

const BPS = 10_000n;

/** What of the invoice's payment is lost by all that is known, and whether it earns by the plan's months and by staff. */
export interface Standing {
  lostMinor: bigint;
  withinTerm: boolean;
  /** The rule of the review case by which staff rejected the referral; null where it stands. */
  rejectedFor: string | null;
}

/** What an amount was calculated with. */
export interface CalculatedCommission {
  invoice: InvoiceAmounts & { id: string };
  baseMinor: bigint;
  rateBps: number;
}

/** A commission and what happened to it, as it was stored. */
export interface ToldCommission extends CalculatedCommission {
  /** Which part of the invoice's money earned: what came through Stripe, or what staff accepted. */
  part: InvoicePart;
  rateSource: 'affiliate' | 'plan';
  planVersionId: string;
  /** Oldest first; the first one is what was earned. */
  entries: CommissionEntry[];
}

/** What is explained. */
export interface ExplainedCommission extends ToldCommission {
  /** As of now. A loss may be too small to move a cent: it is told here, though no entry was posted for it. */
  standing: Standing;
}

/** A ledger entry of the commission, with its facts. */
export interface CommissionEntry {
  id: string;
  kind: string;
  occurredAt: Date;
  recordedAt: Date;
  stripeEventId: string | null;
  /** What it did to the commission's net, signed. */
  changeMinor: bigint;
  movedMinor: bigint;
  facts: EntryFacts;
}

/** The facts of an entry as far as an explanation reads them; amounts are strings, as in every entry's facts. */
export interface EntryFacts {
  lostMinor?: string;
  paidMinor?: string;
  /** What the commission was to be worth once the correction was posted. */
  netMinor?: string;
  /** The payout that gave the money back, when it is held for that. */
  payoutId?: string;
  withinTerm?: boolean;
  /** The decision of staff that took the money. */
  rejection?: { caseId: string; rule: string };
  losses?: { id: string; source: LossSource; status: string; amountMinor: string }[];
  shares?: {
    paymentId: string;
    lostMinor: string;
    invoicePartMinor: string;
    paymentTotalMinor: string;
    shareMinor: string;
  }[];
}

/**
 * The working behind a commission: its inputs, the formula of the amount it has now, and every entry from the invoice
 * to this moment with the Stripe object that caused it, from what was stored when the entry was posted. Terms that
 * changed since explain nothing.
 */
export function explainCommission(commission: ExplainedCommission): ExplanationDto {
  const { invoice, part, baseMinor, rateBps, rateSource, planVersionId, standing } = commission;
  const netTotalMinor = invoice.totalExcludingTaxMinor ?? invoice.totalMinor;
  return {
    part,
    invoiceAmountPaid: toJsonAmount(invoice.amountPaidMinor),
    taxAmount: toJsonAmount(invoice.totalMinor - netTotalMinor),
    invoiceTotal: toJsonAmount(invoice.totalMinor),
    invoiceTotalExcludingTax: toJsonAmount(netTotalMinor),
    base: toJsonAmount(baseMinor),
    lost: toJsonAmount(standing.lostMinor),
    rateBps,
    planVersionId,
    rateSource,
    formula: amountFormula(commission, standing),
    roundedFrom: earns(standing) ? beforeRounding(commission, standing.lostMinor) : '0',
    rounding: 'down',
    steps: explainSteps(commission),
  };
}

/** The calculation of the amount that a commission has now. */
export function amountFormula(commission: CalculatedCommission, standing: Standing): string {
  return `${baseFormula(commission)}; ${netFormula(commission, standing)}`;
}

function baseFormula({ invoice, baseMinor }: CalculatedCommission): string {
  const netTotalMinor = invoice.totalExcludingTaxMinor ?? invoice.totalMinor;
  return `base = floor(min(${invoice.amountPaidMinor}, ${invoice.totalMinor}) × ${netTotalMinor} / ${invoice.totalMinor}) = ${baseMinor}`;
}

function earns({ withinTerm, rejectedFor }: Standing): boolean {
  return withinTerm && rejectedFor === null;
}

/** What the commission is worth where so much is lost. */
function netFormula(commission: CalculatedCommission, { lostMinor: lost, withinTerm, rejectedFor }: Standing): string {
  const { invoice, baseMinor, rateBps } = commission;
  if (rejectedFor !== null) return `amount = 0: staff rejected the referral (${inWords(rejectedFor)})`;
  if (!withinTerm) return "amount = 0: the invoice lies beyond the plan's months";
  const stepMinor = currencyStepMinor(invoice.currency);
  const step = stepMinor === 1n ? '' : `, to a step of ${stepMinor}`;
  const paidMinor = paidOf(invoice);
  const netMinor = floorTo(stepMinor, (baseMinor * (paidMinor - lost) * BigInt(rateBps)) / (paidMinor * BPS));
  return lost === 0n
    ? `amount = floor(${baseMinor} × ${rateBps} / 10000${step}) = ${netMinor}`
    : `amount = floor(${baseMinor} × (${paidMinor} − ${lost}) × ${rateBps} / (${paidMinor} × 10000)${step}) = ${netMinor}`;
}

/** Earned in time, and nothing was lost of it. */
export const NOTHING_LOST: Standing = { lostMinor: 0n, withinTerm: true, rejectedFor: null };

/** How things stood when an entry with these facts was posted. */
function standingOf({ lostMinor, withinTerm, rejection }: EntryFacts): Standing {
  return {
    lostMinor: BigInt(lostMinor ?? 0),
    withinTerm: withinTerm !== false,
    rejectedFor: rejection?.rule ?? null,
  };
}

/** A rule's name as people say it. */
function inWords(rule: string): string {
  return rule.replaceAll('_', ' ');
}

function beforeRounding({ invoice, baseMinor, rateBps }: ToldCommission, lostMinor: bigint): string {
  const paidMinor = paidOf(invoice);
  return quotient(baseMinor * (paidMinor - lostMinor) * BigInt(rateBps), paidMinor * BPS);
}

/** Every entry of a commission in words, with its calculation and what caused it. */
export function explainSteps(commission: ToldCommission): ExplanationStepDto[] {
  let netMinor = 0n;
  let facts: EntryFacts = {};
  let lastCauses: StepCauseDto[] = [];
  return commission.entries.map((entry) => {
    netMinor += entry.changeMinor;
    if (entry.facts.losses) {
      // One correction may take two entries (from held, and from payable): both have the causes of the first.
      const changed = changedLosses(facts, entry.facts);
      if (changed.length > 0) lastCauses = changed;
      facts = entry.facts;
    }
    const kind = entry.kind.replace('commission_', '') as StepKind;
    const causes = entry.facts.losses ? lastCauses : [];
    return {
      entryId: entry.id,
      kind,
      occurredAt: entry.occurredAt.toISOString(),
      recordedAt: entry.recordedAt.toISOString(),
      change: toJsonAmount(entry.changeMinor),
      moved: toJsonAmount(entry.movedMinor),
      netAmount: toJsonAmount(netMinor),
      lost: toJsonAmount(BigInt(facts.lostMinor ?? 0)),
      summary: summaryOf(commission, kind, entry, causes, facts),
      formula: formulaOf(commission, kind, facts, netMinor),
      causes,
      reason: reasonOf(kind, entry, causes, facts),
      stripeEventId: entry.stripeEventId,
    };
  });
}

/** Null where nothing was calculated, and on the way of a correction that takes two entries: the second one explains it. */
function formulaOf(commission: ToldCommission, kind: StepKind, facts: EntryFacts, netMinor: bigint): string | null {
  if (kind === 'earned') return `${baseFormula(commission)}; ${netFormula(commission, NOTHING_LOST)}`;
  if ((kind !== 'reversed' && kind !== 'restored') || facts.netMinor !== netMinor.toString()) return null;
  const split = (facts.shares ?? [])
    .filter(({ shareMinor, lostMinor }) => shareMinor !== lostMinor)
    .map(
      ({ paymentId, lostMinor, invoicePartMinor, paymentTotalMinor, shareMinor }) =>
        `of ${lostMinor} lost on ${paymentId} this invoice bears ${invoicePartMinor} of ${paymentTotalMinor}: ${shareMinor}; `,
    );
  return split.join('') + netFormula(commission, standingOf(facts));
}

/** The losses that came, went or moved on between two entries. */
function changedLosses(before: EntryFacts, after: EntryFacts): StepCauseDto[] {
  const known = new Map((before.losses ?? []).map((loss) => [loss.id, `${loss.status}:${loss.amountMinor}`]));
  return (after.losses ?? [])
    .filter(({ id, status, amountMinor }) => known.get(id) !== `${status}:${amountMinor}`)
    .map(({ id, source, status, amountMinor }) => ({
      id,
      type: source,
      status,
      amount: toJsonAmount(BigInt(amountMinor)),
    }));
}

const LOSS_NAMES: Record<LossSource, string> = {
  refund: 'refund',
  dispute: 'dispute',
  credit_note: 'credit note',
};

function summaryOf(
  commission: ToldCommission,
  kind: StepKind,
  { movedMinor, facts: { payoutId } }: CommissionEntry,
  causes: StepCauseDto[],
  facts: EntryFacts,
): string {
  const { currency } = commission.invoice;
  const money = (amountMinor: bigint): string => `${formatAmount(amountMinor, currency)} ${currency.toUpperCase()}`;
  const because = reasonText(facts, causes, money);
  const reason = because ? `: ${because}` : '';
  switch (kind) {
    case 'earned':
      return `${paidOfInvoice(commission, money)}: ${percent(commission.rateBps)} of ${money(commission.baseMinor)} earned ${money(movedMinor)}.`;
    case 'released':
      return `${money(movedMinor)} became payable.`;
    case 'held':
      return payoutId
        ? `${money(movedMinor)} is held back: payout ${payoutId} gave it back while an inquiry was open.`
        : `${money(movedMinor)} is held back${reason}.`;
    case 'reversed':
      return `${money(movedMinor)} was taken back${reason}.`;
    case 'restored':
      return `${money(movedMinor)} was given back${reason}.`;
  }
}

/** Why an entry was posted, as a code. What was earned or became payable needs no reason. */
function reasonOf(
  kind: StepKind,
  { facts: { payoutId } }: CommissionEntry,
  causes: StepCauseDto[],
  facts: EntryFacts,
): StepReason | null {
  if (kind === 'earned' || kind === 'released') return null;
  if (kind === 'held' && payoutId) return 'payout_returned';
  if (facts.rejection) return 'rejected';
  if (facts.withinTerm === false) return 'beyond_term';
  return causes.length > 0 ? 'losses' : null;
}

/** Why a correction was posted, in words. */
function reasonText(facts: EntryFacts, causes: StepCauseDto[], money: (amountMinor: bigint) => string): string {
  if (facts.rejection) return `staff rejected the referral after a review (${inWords(facts.rejection.rule)})`;
  if (facts.withinTerm === false) {
    return "an earlier first invoice came to light, and this one lies beyond the plan's months";
  }
  return causes
    .map(({ type, id, status, amount }) => `${LOSS_NAMES[type]} ${id} of ${money(BigInt(amount))} (${status})`)
    .join(', ');
}

function paidOfInvoice({ invoice, part }: ToldCommission, money: (amountMinor: bigint) => string): string {
  return part === 'stripe'
    ? `Invoice ${invoice.id} was paid`
    : `Of invoice ${invoice.id}, ${money(invoice.amountPaidMinor)} was paid outside Stripe, and staff accepted it`;
}

/** `2050` → `20.5 %`. */
function percent(rateBps: number): string {
  return `${quotient(BigInt(rateBps), 100n)} %`;
}

const SHOWN_DECIMALS = 8;

/** A quotient with its decimals: exact where they end, else the first eight and an ellipsis. */
function quotient(numerator: bigint, denominator: bigint): string {
  if (denominator === 0n) return '0';
  const whole = numerator / denominator;
  let rest = numerator % denominator;
  let decimals = '';
  while (rest > 0n && decimals.length < SHOWN_DECIMALS) {
    rest *= 10n;
    decimals += (rest / denominator).toString();
    rest %= denominator;
  }
  if (rest > 0n) return `${whole}.${decimals}…`;
  return decimals ? `${whole}.${decimals}` : whole.toString();
}

function floorTo(stepMinor: bigint, amountMinor: bigint): bigint {
  return amountMinor - (amountMinor % stepMinor);
}
