import { Injectable } from '@nestjs/common';
import type { PlanVersion, Referral, StripeInvoice } from '@prisma/client';
import { DateTime } from 'luxon';
import { Clock } from '../common/clock.js';
import { IdGenerator } from '../common/ids.js';
import type { Tx } from '../database/database.js';
import { belongsTo, ReferralLifecycle } from '../referrals/referral-lifecycle.js';
import { lockReferralSubjects } from '../referrals/referral-locks.js';
import { ReferralObserver } from '../referrals/referral-observer.js';
import { calculateCommission } from './commission-calculator.js';
import { Ledger, type NewEntry } from './ledger/ledger.js';

/** A paid invoice as Stripe tells it, before we know whose it is. */
export type PaidInvoice = Omit<StripeInvoice, 'receivedAt'>;

/**
 * Stripe stamps payments in whole seconds by its own clock, the host signups by its own: a payment that looks up to
 * five minutes older than the signup is the same visit (the tolerance api.md grants `occurredAt`).
 */
const CLOCK_TOLERANCE_MS = 5 * 60 * 1000;

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Turns paid invoices into commissions. An invoice earns at most once (unique invoice id and ledger key), whichever
 * comes first, the invoice or the referral.
 */
@Injectable()
export class CommissionsService extends ReferralObserver {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly ledger: Ledger,
    private readonly lifecycle: ReferralLifecycle,
  ) {
    super();
  }

  /**
   * Stores a paid invoice and posts what it earns, if its customer was referred; otherwise the invoice waits for its
   * referral. Idempotent per invoice. Locks the customer and referred user, then the affiliate's balance.
   */
  async recordPaidInvoice(tx: Tx, invoice: PaidInvoice): Promise<void> {
    await lockReferralSubjects(tx, { referredUserId: invoice.referredUserId, stripeCustomerId: invoice.customerId });
    await tx.stripeInvoice.createMany({ data: [{ ...invoice, receivedAt: this.clock.now() }], skipDuplicates: true });
    const referral = await this.lifecycle.findReferral(tx, invoice.customerId, invoice.referredUserId);
    if (referral) await this.settle(tx, referral);
  }

  /** A referral was reported: what its user paid since then earns now. */
  override async referralCreated(tx: Tx, referral: Referral): Promise<void> {
    if (referral.stripeCustomerId) return this.settle(tx, referral);
    const known = await tx.stripeInvoice.findFirst({
      where: { referredUserId: referral.referredUserId, customerId: { not: null } },
      orderBy: { paidAt: 'asc' },
    });
    const bound = await this.lifecycle.findReferral(tx, known?.customerId ?? null, referral.referredUserId);
    await this.settle(tx, bound ?? referral);
  }

  /** A customer was bound to the referral: what that customer paid earns now. */
  override async customerBound(tx: Tx, referral: Referral): Promise<void> {
    await this.settle(tx, referral);
  }

  /** Earns every stored invoice of the referral that has not earned yet, and brings the referral up to date. */
  private async settle(tx: Tx, referral: Referral): Promise<void> {
    const [invoices, earned] = await Promise.all([
      tx.stripeInvoice.findMany({ where: belongsTo(referral), orderBy: [{ paidAt: 'asc' }, { id: 'asc' }] }),
      tx.commission.findMany({ where: { referralId: referral.id }, select: { invoiceId: true, invoicePaidAt: true } }),
    ]);
    const planVersion = await tx.planVersion.findUniqueOrThrow({ where: { id: referral.planVersionId } });
    const earnedIds = new Set(earned.map(({ invoiceId }) => invoiceId));
    let firstEarnedAt = earliest(earned.map(({ invoicePaidAt }) => invoicePaidAt));
    for (const invoice of invoices) {
      if (earnedIds.has(invoice.id) || invoice.paidAt.getTime() < referral.occurredAt.getTime() - CLOCK_TOLERANCE_MS)
        continue;
      if (!withinTerm(invoice.paidAt, firstEarnedAt, planVersion.durationMonths)) continue;
      if (await this.earn(tx, referral, planVersion, invoice))
        firstEarnedAt = earliest([invoice.paidAt, firstEarnedAt]);
    }
    await this.lifecycle.refresh(tx, referral);
  }

  private async earn(tx: Tx, referral: Referral, planVersion: PlanVersion, invoice: StripeInvoice): Promise<boolean> {
    const { rateBps, rateSource } = await this.rateAt(tx, referral.affiliateId, planVersion, invoice.paidAt);
    const { baseMinor, amountMinor } = calculateCommission(invoice, rateBps);
    if (amountMinor === 0n) return false;

    const commissionId = this.ids.next('commission');
    const availableAt = new Date(invoice.paidAt.getTime() + planVersion.holdDays * DAY_MS);
    const owner = { affiliateId: referral.affiliateId, currency: invoice.currency };
    await tx.commission.create({
      data: {
        id: commissionId,
        ...owner,
        referralId: referral.id,
        invoiceId: invoice.id,
        amountMinor,
        invoiceAmountPaidMinor: invoice.amountPaidMinor,
        invoiceTotalMinor: invoice.totalMinor,
        invoiceNetTotalMinor: invoice.totalExcludingTaxMinor,
        baseMinor,
        rateBps,
        rateSource,
        planVersionId: planVersion.id,
        invoicePaidAt: invoice.paidAt,
        availableAt,
        createdAt: this.clock.now(),
      },
    });
    const held = planVersion.holdDays > 0;
    if (held) await tx.commissionHold.create({ data: { commissionId, ...owner, availableAt } });
    const entry: NewEntry = {
      kind: 'commission_earned',
      uniqueKey: `earned:${invoice.id}`,
      facts: {
        invoiceId: invoice.id,
        currency: invoice.currency,
        totalMinor: invoice.totalMinor,
        totalExcludingTaxMinor: invoice.totalExcludingTaxMinor,
        amountPaidMinor: invoice.amountPaidMinor,
        paidAt: invoice.paidAt.toISOString(),
      },
      ...owner,
      from: 'commission_expense',
      to: held ? 'held' : 'payable',
      amountMinor,
      occurredAt: invoice.paidAt,
      commissionId,
      stripeEventId: invoice.stripeEventId,
    };
    await this.ledger.post(tx, [entry]);
    return true;
  }

  /** The affiliate's own rate in force when the invoice was paid, else that of the plan version of the referral. */
  private async rateAt(
    tx: Tx,
    affiliateId: string,
    planVersion: PlanVersion,
    paidAt: Date,
  ): Promise<{ rateBps: number; rateSource: 'affiliate' | 'plan' }> {
    const own = await tx.affiliateRate.findFirst({
      where: { affiliateId, effectiveFrom: { lte: paidAt } },
      orderBy: { effectiveFrom: 'desc' },
    });
    if (own && own.rateBps !== null) return { rateBps: own.rateBps, rateSource: 'affiliate' };
    return { rateBps: planVersion.rateBps, rateSource: 'plan' };
  }
}

function earliest(dates: (Date | null)[]): Date | null {
  return dates.reduce((first, date) => (date && (!first || date < first) ? date : first), null);
}

/** Whether an invoice falls within the plan's months, counted from the first one that earned (UTC calendar months). */
function withinTerm(paidAt: Date, firstEarnedAt: Date | null, durationMonths: number | null): boolean {
  if (durationMonths === null || firstEarnedAt === null) return true;
  return paidAt < DateTime.fromJSDate(firstEarnedAt, { zone: 'utc' }).plus({ months: durationMonths }).toJSDate();
}
