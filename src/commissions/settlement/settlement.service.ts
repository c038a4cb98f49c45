import { Injectable } from '@nestjs/common';
import type { Commission, PlanVersion, Referral, StripeInvoice } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { IdGenerator } from '../../common/ids.js';
import { formatAmount } from '../../common/money.js';
import type { Tx } from '../../database/database.js';
import { ReviewCases } from '../../fraud/review-cases.service.js';
import { belongsTo, ReferralLifecycle } from '../../referrals/referral-lifecycle.js';
import { netAfterLosses, paidOf } from '../calculation/commission-calculator.js';
import { lossesOfInvoice, type InvoiceLosses } from '../calculation/invoice-losses.js';
import { isKnownLossStatus } from '../calculation/loss-status.js';
import { loadLosses } from '../facts/loss-records.js';
import { HoldReleaseService } from '../hold-release.service.js';
import { lockBalances } from '../ledger/balances.js';
import { Ledger, type NewEntry } from '../ledger/ledger.js';
import { correctionOf, type CommissionPosition } from './correction.js';
import { earningsOf, endOfTerm, isPaidSince, type Earning } from './earnings.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** What set a settlement off: entries name the event, and happened in the world when it did. */
export interface Cause {
  stripeEventId?: string;
  occurredAt: Date;
}

interface PositionOfCommission extends CommissionPosition {
  commissionId: string;
  /** How many entries the commission has: numbers the next one. */
  entries: number;
  /** Its money was marked as held back by an inquiry. */
  inquiryOpen: boolean;
}

/** What a commission should be, and the working that leads there. */
interface Target {
  commission: Commission;
  targetMinor: bigint;
  paidMinor: bigint;
  losses: InvoiceLosses;
  withinTerm: boolean;
}

/**
 * Brings the ledger in line with the facts: earns what has not earned yet, and posts the difference between what each
 * commission is and what it should be now. It looks at all facts of a referral every time and never at what has just
 * arrived, so any order and any repetition of Stripe's events leads to the same nets.
 */
@Injectable()
export class SettlementService {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
    private readonly ledger: Ledger,
    private readonly lifecycle: ReferralLifecycle,
    private readonly holds: HoldReleaseService,
    private readonly reviewCases: ReviewCases,
  ) {}

  /**
   * Settles every invoice of a referral. Idempotent: with nothing new it posts nothing.
   *
   * The caller holds the referral's subjects locked (lockReferralSubjects), which serialises settlements of one
   * referral; the affiliate's balances are locked here, before anything that they guard is read.
   */
  async settle(tx: Tx, referral: Referral, cause: Cause): Promise<void> {
    const { invoices, earnings, planVersion } = await this.earnings(tx, referral);
    const { affiliateId } = referral;
    if (earnings.length > 0) {
      await lockBalances(
        tx,
        earnings.map(({ invoice }) => ({ affiliateId, currency: invoice.currency })),
      );
      const termEndsAt = endOfTerm(earnings, planVersion.durationMonths);
      const withinTerm = ({ invoice }: Earning): boolean => termEndsAt === null || invoice.paidAt < termEndsAt;
      await this.earn(tx, referral, planVersion, earnings.filter(withinTerm));
      await this.correct(tx, earnings, withinTerm, cause);
    }
    await this.reportOutOfBand(tx, referral, invoices);
    await this.lifecycle.refresh(tx, referral);
  }

  private async earnings(
    tx: Tx,
    referral: Referral,
  ): Promise<{ invoices: StripeInvoice[]; earnings: Earning[]; planVersion: PlanVersion }> {
    const commissions = await tx.commission.findMany({ where: { referralId: referral.id } });
    const earnedIds = commissions.map(({ invoiceId }) => invoiceId);
    const [invoices, ownRates, planVersion] = [
      await tx.stripeInvoice.findMany({
        where: { OR: [belongsTo(referral), { id: { in: earnedIds } }] },
        orderBy: [{ paidAt: 'asc' }, { id: 'asc' }],
      }),
      await tx.affiliateRate.findMany({ where: { affiliateId: referral.affiliateId } }),
      await tx.planVersion.findUniqueOrThrow({ where: { id: referral.planVersionId } }),
    ];
    const earnings = earningsOf(invoices, commissions, referral.occurredAt, { planVersion, ownRates });
    return { invoices, earnings, planVersion };
  }

  /** Posts what has not earned yet. Fills in the commission of each earning. */
  private async earn(tx: Tx, referral: Referral, planVersion: PlanVersion, earnings: Earning[]): Promise<void> {
    const fresh = earnings.filter(({ commission }) => commission === null);
    if (fresh.length === 0) return;
    const held = planVersion.holdDays > 0;
    const entries: NewEntry[] = [];
    for (const earning of fresh) {
      const commission = this.commissionOf(earning, referral, planVersion);
      earning.commission = commission;
      entries.push({
        kind: 'commission_earned',
        uniqueKey: `earned:${commission.invoiceId}`,
        facts: earnedFacts(earning),
        affiliateId: commission.affiliateId,
        currency: commission.currency,
        from: 'commission_expense',
        to: held ? 'held' : 'payable',
        amountMinor: commission.amountMinor,
        occurredAt: commission.invoicePaidAt,
        commissionId: commission.id,
        stripeEventId: earning.invoice.stripeEventId,
      });
    }
    const commissions = fresh.flatMap(({ commission }) => commission ?? []);
    await tx.commission.createMany({ data: commissions });
    if (held) {
      await tx.commissionHold.createMany({ data: commissions.map(holdOf) });
    }
    await this.ledger.post(tx, entries);
  }

  private commissionOf(earning: Earning, referral: Referral, planVersion: PlanVersion): Commission {
    const { invoice, baseMinor, amountMinor, rateBps, rateSource } = earning;
    return {
      id: this.ids.next('commission'),
      affiliateId: referral.affiliateId,
      referralId: referral.id,
      invoiceId: invoice.id,
      currency: invoice.currency,
      amountMinor,
      invoiceAmountPaidMinor: invoice.amountPaidMinor,
      invoiceTotalMinor: invoice.totalMinor,
      invoiceNetTotalMinor: invoice.totalExcludingTaxMinor,
      baseMinor,
      rateBps,
      rateSource,
      planVersionId: planVersion.id,
      invoicePaidAt: invoice.paidAt,
      availableAt: new Date(invoice.paidAt.getTime() + planVersion.holdDays * DAY_MS),
      createdAt: this.clock.now(),
    };
  }

  /** Posts the difference between what each commission is and what it should be, and holds back what an inquiry asks for. */
  private async correct(
    tx: Tx,
    earnings: Earning[],
    withinTerm: (earning: Earning) => boolean,
    cause: Cause,
  ): Promise<void> {
    const targets = await this.targets(tx, earnings, withinTerm);
    const positions = await this.positions(
      tx,
      targets.map(({ commission }) => commission.id),
    );
    const now = this.clock.now();
    const entries: NewEntry[] = [];
    const held: Commission[] = [];
    const closed: string[] = [];
    for (const target of targets) {
      const { commission, targetMinor, losses } = target;
      const position = positions.get(commission.id);
      if (!position) throw new Error(`commission ${commission.id} has no entry in the journal`);
      const movements = correctionOf(position, targetMinor, {
        inquiryOpen: losses.inquiryOpen,
        holdRunning: commission.availableAt > now,
      });
      movements.forEach((movement, index) => {
        entries.push({
          ...movement,
          uniqueKey: `${movement.kind.replace('commission_', '')}:${commission.id}:${position.entries + index + 1}`,
          facts: correctionFacts(target),
          affiliateId: commission.affiliateId,
          currency: commission.currency,
          occurredAt: cause.occurredAt,
          commissionId: commission.id,
          ...(cause.stripeEventId !== undefined && { stripeEventId: cause.stripeEventId }),
        });
      });
      if (losses.inquiryOpen || movements.some(({ to }) => to === 'held')) held.push(commission);
      if (position.inquiryOpen && !losses.inquiryOpen) closed.push(commission.id);
    }
    await this.ledger.post(tx, entries);
    await this.updateHolds(tx, targets, held, closed);
    await this.reportUnknownStatuses(tx, targets);
  }

  private async targets(tx: Tx, earnings: Earning[], withinTerm: (earning: Earning) => boolean): Promise<Target[]> {
    const posted = earnings.flatMap((earning) =>
      earning.commission ? [{ ...earning, commission: earning.commission }] : [],
    );
    const { payments, losses } = await loadLosses(
      tx,
      posted.map(({ invoice }) => invoice.id),
    );
    return posted.map((earning) => {
      const { invoice, commission, baseMinor, rateBps } = earning;
      const paidMinor = paidOf(invoice);
      const lost = lossesOfInvoice({ id: invoice.id, currency: invoice.currency, paidMinor }, payments, losses);
      const within = withinTerm(earning);
      const targetMinor = within
        ? netAfterLosses({ baseMinor, paidMinor, lostMinor: lost.lostMinor, rateBps, currency: invoice.currency })
        : 0n;
      return { commission, targetMinor, paidMinor, losses: lost, withinTerm: within };
    });
  }

  /** Where the money of each commission lies. Read after its balance was locked. */
  private async positions(tx: Tx, commissionIds: string[]): Promise<Map<string, PositionOfCommission>> {
    const rows = await tx.$queryRaw<PositionOfCommission[]>`
      SELECT e.commission_id AS "commissionId", count(DISTINCT e.id)::int AS entries,
             coalesce(sum(p.amount_minor) FILTER (WHERE p.account = 'held'), 0)::bigint AS "heldMinor",
             coalesce(sum(p.amount_minor) FILTER (WHERE p.account = 'payable'), 0)::bigint AS "payableMinor",
             coalesce(bool_or(l.seq IS NOT NULL), false) AS "isInPayout",
             coalesce(bool_or(h.inquiry_open), false) AS "inquiryOpen"
      FROM journal_entries e
      JOIN postings p ON p.entry_id = e.id
      LEFT JOIN payout_lines l ON p.account = 'payable' AND p.amount_minor > 0 AND l.affiliate_id = p.affiliate_id
        AND l.currency = p.currency AND l.seq = p.seq AND l.released_at IS NULL
      LEFT JOIN commission_holds h ON h.commission_id = e.commission_id
      WHERE e.commission_id = ANY(${commissionIds}::text[])
      GROUP BY e.commission_id`;
    return new Map(rows.map((row) => [row.commissionId, row]));
  }

  /** Keeps the release job's work list: what is held is on it, marked while an inquiry is open, released when it closes. */
  private async updateHolds(tx: Tx, targets: Target[], held: Commission[], closed: string[]): Promise<void> {
    if (held.length > 0) {
      await tx.commissionHold.createMany({ data: held.map(holdOf), skipDuplicates: true });
    }
    const open = targets.filter(({ losses }) => losses.inquiryOpen).map(({ commission }) => commission.id);
    if (open.length + closed.length === 0) return;
    await tx.$executeRaw`
      UPDATE commission_holds SET inquiry_open = commission_id = ANY(${open}::text[])
      WHERE commission_id = ANY(${[...open, ...closed]}::text[])`;
    await this.holds.release(tx, closed, this.clock.now());
  }

  /** Money that Stripe only knows by hearsay earns nothing before staff accept it. */
  private async reportOutOfBand(
    tx: Tx,
    { affiliateId, occurredAt }: Referral,
    invoices: StripeInvoice[],
  ): Promise<void> {
    for (const invoice of invoices) {
      if (invoice.amountPaidOffStripeMinor === 0n || !isPaidSince(invoice, occurredAt)) continue;
      const amount = `${formatAmount(invoice.amountPaidOffStripeMinor, invoice.currency)} ${invoice.currency.toUpperCase()}`;
      await this.reviewCases.open(tx, {
        affiliateId,
        rule: 'paid_out_of_band',
        signal: {
          key: invoice.id,
          summary: `Invoice ${invoice.id} was paid outside Stripe (${amount}); it earns nothing for that by itself.`,
          evidence: { invoiceId: invoice.id, amountPaidOffStripe: invoice.amountPaidOffStripeMinor.toString() },
          stripeEventId: invoice.stripeEventId,
        },
      });
    }
  }

  /** What Stripe has said in a word that we do not know was settled with care; a person must look. */
  private async reportUnknownStatuses(tx: Tx, targets: Target[]): Promise<void> {
    for (const { commission, losses } of targets) {
      for (const { id, source, status } of losses.losses.filter(
        (loss) => !isKnownLossStatus(loss.source, loss.status),
      )) {
        await this.reviewCases.open(tx, {
          affiliateId: commission.affiliateId,
          rule: 'unknown_dispute_status',
          signal: {
            key: `${id}:${status}`,
            summary: `Stripe says that the ${source.replace('_', ' ')} ${id} is "${status}", which this version does not know.`,
            evidence: { commissionId: commission.id, lossId: id, status },
          },
        });
      }
    }
  }
}

function holdOf({ id, affiliateId, currency, availableAt }: Commission) {
  return { commissionId: id, affiliateId, currency, availableAt };
}

/** What Stripe said of the invoice, and nothing of ours: a replay must give the same. */
function earnedFacts({ invoice }: Earning): NewEntry['facts'] {
  return {
    invoiceId: invoice.id,
    currency: invoice.currency,
    totalMinor: invoice.totalMinor,
    totalExcludingTaxMinor: invoice.totalExcludingTaxMinor,
    amountPaidMinor: invoice.amountPaidMinor,
    paidAt: invoice.paidAt.toISOString(),
  };
}

/** The working of a correction: every loss by its Stripe id, how payments were split, and what is left. */
function correctionFacts({ commission, paidMinor, losses, targetMinor, withinTerm }: Target): NewEntry['facts'] {
  return {
    invoiceId: commission.invoiceId,
    paidMinor,
    lostMinor: losses.lostMinor,
    netMinor: targetMinor,
    withinTerm,
    losses: losses.losses.map(({ id, source, status, amountMinor }) => ({ id, source, status, amountMinor })),
    shares: losses.shares.map((share) => ({ ...share })),
  };
}
