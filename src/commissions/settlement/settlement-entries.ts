import type { Commission, PlanVersion, Referral } from '@prisma/client';
import type { Acceptance, Rejection } from '../facts/decision-records.js';
import type { NewEntry } from '../ledger/ledger.js';
import { correctionOf, type CommissionPosition } from './correction.js';
import type { ReferralFacts } from './referral-facts.js';
import { mayEarn, type Target } from './targets.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** What set a settlement off: entries name the event, and happened in the world when it did. */
export interface Cause {
  stripeEventId?: string;
  occurredAt: Date;
}

/** A referral, and what each of its invoices should be worth. */
export interface Settled {
  facts: ReferralFacts;
  targets: Target[];
}

export type EarnedTarget = Target & { commission: Commission };

export interface PositionOfCommission extends CommissionPosition {
  commissionId: string;
  /** How many entries the commission has: numbers the next one. */
  entries: number;
  /** It was marked as held back by an inquiry. */
  inquiryOpen: boolean;
}

/** What a settlement has to write because invoices have earned for the first time. */
export interface Earnings {
  /** All that has earned, now or before. */
  earned: EarnedTarget[];
  commissions: Commission[];
  /** Those of the new commissions that their plan holds back. */
  held: Commission[];
  entries: NewEntry[];
}

/** What is to be posted for invoices that have not earned yet. `created` gives each new commission its id and moment. */
export function earningsOf(settled: Settled[], created: () => Pick<Commission, 'id' | 'createdAt'>): Earnings {
  const earnings: Earnings = { earned: [], commissions: [], held: [], entries: [] };
  for (const { facts, targets } of settled) {
    const { referral, planVersion } = facts;
    const isHeld = planVersion.holdDays > 0;
    for (const target of targets) {
      if (target.commission) {
        earnings.earned.push({ ...target, commission: target.commission });
      } else if (mayEarn(target)) {
        const commission = commissionOf(target, { referral, planVersion, ...created() });
        earnings.earned.push({ ...target, commission });
        earnings.commissions.push(commission);
        if (isHeld) earnings.held.push(commission);
        earnings.entries.push(earnedEntry(target, commission, isHeld ? 'held' : 'payable'));
      }
    }
  }
  return earnings;
}

/** Where the money of commissions lies that have earned by these entries and by nothing else. */
export function positionsAfter(earnedEntries: readonly NewEntry[]): Map<string, PositionOfCommission> {
  const positions = new Map<string, PositionOfCommission>();
  for (const { commissionId, to, amountMinor } of earnedEntries) {
    if (commissionId === undefined) continue;
    const [heldMinor, payableMinor] = to === 'held' ? [amountMinor, 0n] : [0n, amountMinor];
    const isNew = { entries: 1, isInPayout: false, inquiryOpen: false };
    positions.set(commissionId, { commissionId, heldMinor, payableMinor, ...isNew });
  }
  return positions;
}

/** What a settlement has to write because commissions are not worth any more what they were. */
export interface Corrections {
  entries: NewEntry[];
  /** What belongs on the work list of holds: something of it lies in *held*, or may have to. */
  held: Commission[];
  /** Commissions whose inquiry is over. */
  closedInquiries: string[];
}

/**
 * The differences between what each commission is and what it should be.
 *
 * @param positions where the money of each commission lies; every one has a position.
 * @param causeOf what set off that the commission is looked at.
 */
export function correctionsOf(
  targets: EarnedTarget[],
  positions: ReadonlyMap<string, PositionOfCommission>,
  causeOf: (target: EarnedTarget) => Cause,
  now: Date,
): Corrections {
  const corrections: Corrections = { entries: [], held: [], closedInquiries: [] };
  for (const target of targets) {
    const { commission, targetMinor, losses, rejection } = target;
    const position = positions.get(commission.id);
    if (!position) throw new Error(`commission ${commission.id} has no entry in the journal`);
    const cause = causeOf(target);
    const holdRunning = commission.availableAt > now;
    const movements = correctionOf(position, targetMinor, { inquiryOpen: losses.inquiryOpen, holdRunning });
    movements.forEach((movement, index) => {
      corrections.entries.push({
        ...movement,
        uniqueKey: `${movement.kind.replace('commission_', '')}:${commission.id}:${position.entries + index + 1}`,
        facts: correctionFacts(target),
        affiliateId: commission.affiliateId,
        currency: commission.currency,
        occurredAt: cause.occurredAt,
        commissionId: commission.id,
        ...(cause.stripeEventId !== undefined && { stripeEventId: cause.stripeEventId }),
        ...(rejection && signedBy(rejection)),
      });
    });
    if (losses.inquiryOpen || movements.some(({ to }) => to === 'held')) corrections.held.push(commission);
    if (position.inquiryOpen && !losses.inquiryOpen) corrections.closedInquiries.push(commission.id);
  }
  return corrections;
}

function commissionOf(
  target: Target,
  given: { referral: Referral; planVersion: PlanVersion } & Pick<Commission, 'id' | 'createdAt'>,
): Commission {
  const { invoice, part, amounts, acceptance, baseMinor, amountMinor, rateBps, rateSource } = target;
  const { referral, planVersion, id, createdAt } = given;
  const holdEndsAt = new Date(invoice.paidAt.getTime() + planVersion.holdDays * DAY_MS);
  return {
    id,
    affiliateId: referral.affiliateId,
    referralId: referral.id,
    invoiceId: invoice.id,
    part,
    currency: invoice.currency,
    amountMinor,
    invoiceAmountPaidMinor: amounts.amountPaidMinor,
    invoiceTotalMinor: invoice.totalMinor,
    invoiceNetTotalMinor: invoice.totalExcludingTaxMinor,
    baseMinor,
    rateBps,
    rateSource,
    planVersionId: planVersion.id,
    invoicePaidAt: invoice.paidAt,
    // Nothing is payable before it is earned, and what was paid elsewhere is not before staff accept it.
    availableAt: acceptance && acceptance.acceptedAt > holdEndsAt ? acceptance.acceptedAt : holdEndsAt,
    createdAt,
  };
}

/** Its facts are what Stripe said of the invoice, and what staff accepted: a replay must give the same. */
function earnedEntry({ invoice, part, acceptance }: Target, commission: Commission, to: 'held' | 'payable'): NewEntry {
  return {
    kind: 'commission_earned',
    uniqueKey: part === 'stripe' ? `earned:${invoice.id}` : `earned:${invoice.id}:${part}`,
    facts: {
      invoiceId: invoice.id,
      currency: invoice.currency,
      totalMinor: invoice.totalMinor,
      totalExcludingTaxMinor: invoice.totalExcludingTaxMinor,
      amountPaidMinor: invoice.amountPaidMinor,
      paidAt: invoice.paidAt.toISOString(),
      ...(acceptance && { acceptedMinor: acceptance.amountMinor, caseId: acceptance.caseId }),
    },
    affiliateId: commission.affiliateId,
    currency: commission.currency,
    from: 'commission_expense',
    to,
    amountMinor: commission.amountMinor,
    occurredAt: acceptance?.acceptedAt ?? invoice.paidAt,
    commissionId: commission.id,
    stripeEventId: invoice.stripeEventId,
    ...(acceptance && signedBy(acceptance)),
  };
}

function signedBy({ staffUserId, reason }: Acceptance | Rejection): Pick<NewEntry, 'staffUserId' | 'reason'> {
  return { staffUserId, reason };
}

/** The working of a correction: every loss by its Stripe id, how payments were split, and what is left. */
function correctionFacts({
  invoice,
  paidMinor,
  losses,
  targetMinor,
  withinTerm,
  rejection,
}: Target): NewEntry['facts'] {
  return {
    invoiceId: invoice.id,
    paidMinor,
    lostMinor: losses.lostMinor,
    netMinor: targetMinor,
    withinTerm,
    losses: losses.losses.map(({ id, source, status, amountMinor }) => ({ id, source, status, amountMinor })),
    shares: losses.shares.map((share) => ({ ...share })),
    ...(rejection && { rejection: { caseId: rejection.caseId, rule: rejection.rule } }),
  };
}
