import type { Commission, ExplanationStep, StepCause } from '../../api/types';
import type { Texts } from '../../i18n/en';
import type { Formats } from '../../i18n/formats';
import { fraction } from './fraction';

/** A commission told to its affiliate: where the amount comes from, and everything that happened to it since. */
export interface CommissionStory {
  opening: string[];
  steps: StoryStep[];
  /** What is known by now and changed no cent. */
  closing: string | null;
}

export interface StoryStep {
  id: string;
  at: string;
  kind: ExplanationStep['kind'] | 'in_payout' | 'paid';
  title: string;
  sentences: string[];
  /** What it added or took, and what the commission was worth after it; null where it only moved. */
  change: number | null;
  netAmount: number | null;
}

const BPS = 10_000n;

interface Telling {
  commission: Commission;
  texts: Texts;
  formats: Formats;
  now: Date;
}

export function tellCommission(commission: Commission, texts: Texts, formats: Formats, now: Date): CommissionStory {
  const telling = { commission, texts, formats, now };
  const { explanation } = commission;
  const told = explanation.steps.at(-1)?.lost ?? 0;
  return {
    opening: openingOf(telling),
    steps: withPayout(
      explanation.steps.map((step) => stepOf(step, telling)),
      telling,
    ),
    closing:
      explanation.lost > told
        ? texts.explanation.unchangedLoss(formats.money(explanation.lost, commission.currency))
        : null,
  };
}

/** What of the payment counts: an over-payment earns nothing. */
function paidOf({ explanation: { invoiceAmountPaid, invoiceTotal } }: Commission): number {
  return Math.min(invoiceAmountPaid, invoiceTotal);
}

function openingOf(telling: Telling): string[] {
  const { commission, texts, formats } = telling;
  const words = texts.explanation;
  const { explanation, currency, amount } = commission;
  const { base, rateBps, invoiceAmountPaid, invoiceTotal, part, rateSource } = explanation;
  const money = (minor: number): string => formats.money(minor, currency);
  const date = formats.date(explanation.steps[0]?.occurredAt ?? commission.createdAt);
  const taxWithin = paidOf(commission) - base;
  const exact = fraction(BigInt(base) * BigInt(rateBps), BPS);
  const isExact = exact === amount.toString();
  const share = [formats.rate(rateBps), money(base)] as const;
  return [
    part === 'out_of_band'
      ? words.paidOutside(money(invoiceAmountPaid), date)
      : taxWithin > 0
        ? words.paidWithTax(money(invoiceAmountPaid), date, money(taxWithin))
        : words.paid(money(invoiceAmountPaid), date),
    ...(part === 'stripe' && invoiceAmountPaid < invoiceTotal ? [words.lessThanTotal(money(invoiceTotal))] : []),
    isExact
      ? words.shareExact(...share, money(amount))
      : words.share(...share, formats.exactMoney(exact, currency), money(amount)),
    ...payableSentence(telling),
    rateSource === 'affiliate' ? words.ownRate : words.planRate,
  ];
}

function payableSentence({ commission: { state, availableAt }, texts, formats, now }: Telling): string[] {
  const words = texts.explanation;
  if (state === 'reversed') return [];
  if (state !== 'held') return [words.payableSince(formats.date(availableAt))];
  // One that is held beyond its date is held for a reason, which its steps tell.
  return new Date(availableAt) > now ? [words.payableFrom(formats.date(availableAt))] : [];
}

function stepOf(step: ExplanationStep, telling: Telling): StoryStep {
  const { commission, texts, formats } = telling;
  const words = texts.explanation;
  const title = words[step.kind](formats.money(step.moved, commission.currency));
  const isCalculated = step.kind === 'earned' || step.kind === 'reversed' || step.kind === 'restored';
  return {
    id: step.entryId,
    at: step.occurredAt,
    kind: step.kind,
    title,
    sentences: sentencesOf(step, telling),
    change: isCalculated ? step.change : null,
    netAmount: isCalculated ? step.netAmount : null,
  };
}

function sentencesOf(step: ExplanationStep, telling: Telling): string[] {
  const words = telling.texts.explanation;
  const causes = step.causes.map((cause) => causeSentence(cause, telling));
  switch (step.kind) {
    case 'earned':
      return [];
    case 'released':
      return [words.releasedText];
    case 'held':
      if (step.reason === 'payout_returned') return [words.heldReturned];
      return causes.length > 0 ? [...causes, words.heldInquiry] : [words.heldOther];
    case 'reversed':
    case 'restored':
      if (step.reason === 'rejected') return [words.rejected];
      if (step.reason === 'beyond_term') return [words.beyondTerm];
      return [...causes, ...remainder(step, telling)];
  }
}

/** How the amount follows from what the customer has not got back; a correction in two entries says it at the second. */
function remainder(step: ExplanationStep, { commission, texts, formats }: Telling): string[] {
  if (step.formula === null) return [];
  const words = texts.explanation;
  const { currency, explanation } = commission;
  const { base, rateBps } = explanation;
  const money = (minor: number): string => formats.money(minor, currency);
  const paid = paidOf(commission);
  const rest = paid - step.lost;
  if (rest === 0) return [words.nothingRemains(money(paid))];
  if (rest === paid) return [];
  const exact = fraction(BigInt(base) * BigInt(rest) * BigInt(rateBps), BigInt(paid) * BPS);
  const share = [formats.rate(rateBps), money(base), money(rest), money(paid)] as const;
  return [
    words.remaining(money(rest), money(paid)),
    exact === step.netAmount.toString()
      ? words.remainingShareExact(...share, money(step.netAmount))
      : words.remainingShare(...share, formats.exactMoney(exact, currency), money(step.netAmount)),
  ];
}

function causeSentence({ type, status, amount }: StepCause, { commission, texts, formats }: Telling): string {
  return texts.explanation.causes[causeKind(type, status)](formats.money(amount, commission.currency));
}

function causeKind(type: StepCause['type'], status: string): keyof Texts['explanation']['causes'] {
  switch (type) {
    case 'refund':
      if (status === 'succeeded') return 'refund';
      return status === 'failed' || status === 'canceled' ? 'refundFailed' : 'refundPending';
    case 'dispute':
      if (status === 'won') return 'disputeWon';
      if (status === 'lost') return 'disputeLost';
      if (status === 'warning_closed' || status === 'prevented') return 'inquiryClosed';
      return status.startsWith('warning_') ? 'inquiry' : 'disputeOpen';
    case 'credit_note':
      return status === 'void' ? 'creditNoteVoid' : 'creditNote';
  }
}

/** The payout takes its place among the steps: what came before it was in it, what came after was netted later. */
function withPayout(steps: StoryStep[], { commission, texts }: Telling): StoryStep[] {
  const { payoutId, paidAt, state } = commission;
  if (payoutId === null) return steps;
  const nothing = { id: payoutId, sentences: [], change: null, netAmount: null };
  if (state === 'in_payout') {
    const at = steps.at(-1)?.at ?? commission.createdAt;
    return [...steps, { ...nothing, at, kind: 'in_payout', title: texts.explanation.inPayout }];
  }
  if (paidAt === null) return steps;
  const paid: StoryStep = { ...nothing, at: paidAt, kind: 'paid', title: texts.explanation.paidOut };
  const after = steps.findIndex(({ at }) => at > paidAt);
  return after < 0 ? [...steps, paid] : [...steps.slice(0, after), paid, ...steps.slice(after)];
}
