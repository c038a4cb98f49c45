import type { Commission, PlanVersion, Referral, ReferralDay } from '@prisma/client';
import { snapshotOf } from '../commissions/commission-snapshot.js';
import { releasedEntry } from '../commissions/holds.service.js';
import type { Loss } from '../commissions/calculation/invoice-losses.js';
import { correctionsOf, earningsOf, type Cause } from '../commissions/settlement/settlement-entries.js';
import { targetsOf } from '../commissions/settlement/targets.js';
import { newsOf } from '../referrals/referral-events.js';
import { AffiliateBook } from './affiliate-book.js';
import { AffiliateCases } from './affiliate-cases.js';
import type { AffiliateLife, Customer } from './affiliate-life.js';
import { AffiliatePayouts } from './affiliate-payouts.js';
import { drawProfile, writeProfile, type Profile } from './affiliate-profile.js';
import { Agenda } from './agenda.js';
import type { Chronicle } from './chronicle.js';
import { tellCustomer, type CustomerStory, type LossStory, type Sale } from './customer-story.js';
import { creditSignup, drawSignup, refuseSignup } from './signup.js';
import { DAY_MS, later, MINUTE_MS } from './world.js';

/** Signups that are refused, for each that is credited. */
const REFUSED = 0.05;
/** Nobody has more customers that never pay than this for each sale. */
const SIGNUPS_PER_SALE_MAX = 3;

/**
 * The life of one affiliate, from coming to the present, in the order of time: signups, sales, losses, releases, payouts,
 * cases. What each sale is worth, and what follows from every fact, is worked out by the functions that the application
 * settles with; only where rows are kept meanwhile differs, in memory instead of the database.
 */
export class AffiliateHistory implements AffiliateLife {
  readonly profile: Profile;
  readonly book: AffiliateBook;
  readonly agenda = new Agenda();
  readonly customers: Customer[] = [];
  private readonly holds = new Map<string, Commission>();
  private readonly days = new Map<number, ReferralDay>();
  private readonly payouts: AffiliatePayouts;
  private readonly cases: AffiliateCases;

  constructor(
    readonly chronicle: Chronicle,
    private readonly index: number,
  ) {
    this.profile = drawProfile(chronicle, index);
    this.book = new AffiliateBook(chronicle.copy, chronicle.ids);
    this.cases = new AffiliateCases(this);
    this.payouts = new AffiliatePayouts(this, this.cases);
  }

  /** Lets it happen, and writes all of it. @returns how many sales there were. */
  write(salesWanted: number): number {
    writeProfile(this.chronicle, this.profile);
    const sales = this.planCustomers(salesWanted);
    this.payouts.plan();
    this.cases.plan();
    this.agenda.run(this.chronicle.world.now);
    this.writeOutcome();
    return sales;
  }

  settle(customer: Customer, cause: Cause, at: Date): void {
    const { copy, ids } = this.chronicle;
    const { referral, planVersion, commissions, losses, rejections, known } = customer;
    const facts = {
      referral,
      planVersion,
      ownRates: this.profile.ownRates,
      invoices: known.map(({ invoice }) => invoice),
      commissions,
      payments: known.map(({ payment }) => payment),
      losses,
      rejections,
      acceptances: [],
    };
    const settled = [{ facts, targets: targetsOf(facts) }];
    const earnings = earningsOf(settled, () => ({ id: ids.next('commission', at), createdAt: at }));
    this.book.post(earnings.entries, at);
    for (const commission of earnings.commissions) {
      copy.add('commissions', commission);
      commissions.push(commission);
      this.tellOf('commission.created', commission, at);
    }
    for (const commission of earnings.held) this.hold(commission, at);
    const corrections = correctionsOf(earnings.earned, this.book.positions, () => cause, at);
    this.book.post(corrections.entries, at);
    for (const { kind, commissionId } of corrections.entries) {
      const commission = commissions.find(({ id }) => id === commissionId);
      if (commission && kind === 'commission_reversed') this.tellOf('commission.reversed', commission, at);
      if (commission && kind === 'commission_restored') this.tellOf('commission.restored', commission, at);
    }
    for (const commission of corrections.held) this.hold(commission, at);
    for (const { commission, losses: lost } of earnings.earned) {
      this.book.positionOf(commission.id).inquiryOpen = lost.inquiryOpen;
    }
    for (const commissionId of corrections.closedInquiries) this.release(commissionId, at);
  }

  releaseDue(at: Date): void {
    const due = [...this.holds.values()].filter(({ availableAt }) => availableAt <= at);
    due.sort((a, b) => a.availableAt.getTime() - b.availableAt.getTime());
    for (const { id } of due) this.release(id, at);
  }

  private planCustomers(salesWanted: number): number {
    const { random, world } = this.chronicle;
    const { affiliate, activeUntil, currency, plan } = this.profile;
    const spanMs = activeUntil.getTime() - affiliate.createdAt.getTime();
    if (spanMs <= 0) return 0;
    let sales = 0;
    for (let number = 0; sales < salesWanted && number < salesWanted * SIGNUPS_PER_SALE_MAX; number++) {
      const signedUpAt = later(affiliate.createdAt, random.fraction() * spanMs);
      const name = `gen${world.seed}x${this.index}x${number}`;
      const referredUserId = `gen${world.seed}-user-${this.index}-${number}`;
      const story = tellCustomer(random, {
        name,
        referredUserId,
        signedUpAt,
        currency: random.chance(0.85) ? currency : random.weighted(world.currencies),
        until: world.now,
      });
      const planVersion = plan.versions.findLast(({ effectiveFrom }) => effectiveFrom <= signedUpAt);
      if (!planVersion) throw new Error(`plan ${plan.id} has no version since ever`);
      this.agenda.add(signedUpAt, () => this.signUp(story, planVersion, signedUpAt));
      sales += story.sales.length;
      if (random.chance(REFUSED)) {
        const at = later(affiliate.createdAt, random.fraction() * spanMs);
        this.agenda.add(at, () => refuseSignup(this.chronicle, this.profile, `${referredUserId}-r`, at));
      }
    }
    return sales;
  }

  private signUp(story: CustomerStory, planVersion: PlanVersion, at: Date): void {
    const signup = drawSignup(this.chronicle, this.profile, story.referredUserId, at);
    const referral = creditSignup(this.chronicle, this.profile, signup, planVersion);
    const customer = { referral, planVersion, story, known: [], commissions: [], losses: [], rejections: [] };
    this.customers.push(customer);
    for (const sale of story.sales) this.agenda.add(sale.invoice.receivedAt, (then) => this.sell(customer, sale, then));
  }

  private sell(customer: Customer, sale: Sale, at: Date): void {
    const { copy } = this.chronicle;
    const { invoice, payment, losses } = sale;
    const { referral, story } = customer;
    copy.add('stripe_invoices', invoice);
    copy.add('stripe_invoice_payments', { ...payment, receivedAt: at });
    customer.known.push(sale);
    if (customer.known.length === 1) {
      const { subscription } = story;
      Object.assign(referral, {
        status: 'paid',
        stripeCustomerId: story.customerId,
        convertedAt: invoice.paidAt,
        mrrMinor: subscription.mrrMinor,
        currency: subscription.currency,
      });
      this.chronicle.tell(newsOf('referral.converted', referral), at);
      copy.add('customer_payment_methods', {
        customerId: story.customerId,
        fingerprint: `card_${this.chronicle.random.hex(3)}`,
        kind: 'card',
        firstSeenAt: at,
      });
    }
    this.settle(customer, { stripeEventId: invoice.stripeEventId, occurredAt: invoice.paidAt }, at);
    for (const loss of losses) this.lose(customer, loss);
  }

  /** Each step of a loss is a fact of its own; what is stored of it is the last one that there has been. */
  private lose(customer: Customer, { loss, steps }: LossStory): void {
    const { copy, world, random } = this.chronicle;
    const told = steps
      .map((step) => ({ ...step, toldAt: later(step.at, random.int(300, 4000)) }))
      .filter(({ toldAt }) => toldAt < world.now);
    const last = told.at(-1);
    if (!last) return;
    const known: Loss = { ...loss, status: last.status, unknownStatuses: [] };
    for (const { at, status, stripeEventId, toldAt } of told) {
      this.agenda.add(toldAt, () => {
        known.status = status;
        if (!customer.losses.includes(known)) customer.losses.push(known);
        this.settle(customer, { stripeEventId, occurredAt: at }, toldAt);
      });
    }
    const { status, stripeEventId, toldAt: receivedAt } = last;
    copy.add('stripe_losses', { ...loss, status, stripeEventId, receivedAt });
  }

  private hold(commission: Commission, at: Date): void {
    if (this.holds.has(commission.id)) return;
    this.holds.set(commission.id, commission);
    if (commission.availableAt <= at) return;
    // The job that releases looks each minute.
    const releasedAt = later(commission.availableAt, this.chronicle.random.int(1, 60_000));
    this.agenda.add(releasedAt, (then) => this.release(commission.id, then));
  }

  private release(commissionId: string, at: Date): void {
    const hold = this.holds.get(commissionId);
    const { heldMinor, entries, inquiryOpen } = this.book.positionOf(commissionId);
    if (!hold || hold.availableAt > at || inquiryOpen || this.cases.isHolding) return;
    this.holds.delete(commissionId);
    if (heldMinor === 0n) return;
    const { availableAt, affiliateId, currency } = hold;
    this.book.post([releasedEntry({ commissionId, affiliateId, currency, availableAt, heldMinor, entries })], at);
    this.tellOf('commission.released', hold, at);
  }

  private tellOf(
    type: 'commission.created' | 'commission.released' | 'commission.reversed' | 'commission.restored',
    commission: Commission,
    at: Date,
  ): void {
    if (at < this.chronicle.world.eventsSince) return;
    const { heldMinor, payableMinor } = this.book.positionOf(commission.id);
    const payout = this.payouts.payoutOf(commission.id);
    const netMinor = heldMinor + payableMinor;
    const state = netMinor === 0n ? 'reversed' : payout ? payout.state : heldMinor > 0n ? 'held' : 'payable';
    const data = snapshotOf({
      ...commission,
      netMinor,
      state,
      paidAt: payout?.paidAt ?? null,
      payoutId: payout?.payoutId ?? null,
    });
    this.chronicle.tell({ type, subjectId: commission.id, data }, at);
  }

  /** What is stored once, and as it is in the end. */
  private writeOutcome(): void {
    const { copy, world } = this.chronicle;
    for (const { referral, story } of this.customers) {
      const { subscription } = story;
      if (subscription.status === 'canceled') {
        const hasPaid = referral.convertedAt !== null;
        Object.assign(referral, {
          mrrMinor: 0n,
          ...(hasPaid && { status: 'churned', churnedAt: subscription.endedAt }),
        });
        if (hasPaid && subscription.endedAt) {
          this.chronicle.tell(newsOf('referral.churned', referral), later(subscription.endedAt, MINUTE_MS / 10));
        }
      } else if (referral.convertedAt === null) {
        const { mrrMinor, currency } = subscription;
        Object.assign(referral, { mrrMinor, currency, stripeCustomerId: story.customerId });
      }
      copy.add('referrals', referral);
      this.countReferral(referral);
      if (subscription.seenAt < world.now) copy.add('stripe_subscriptions', subscription);
    }
    for (const { id: commissionId, affiliateId, currency, availableAt } of this.holds.values()) {
      const { inquiryOpen } = this.book.positionOf(commissionId);
      copy.add('commission_holds', { commissionId, affiliateId, currency, availableAt, inquiryOpen });
    }
    for (const balance of this.book.balances.values()) copy.add('balances', balance);
    for (const day of this.days.values()) copy.add('referral_days', day);
    this.payouts.writeOutcome();
    this.cases.writeOutcome();
  }

  /** On the days of the signup and of the first payment, as ReferralDays counts. */
  private countReferral({ affiliateId, status, occurredAt, convertedAt }: Referral): void {
    const dayOf = (at: Date): ReferralDay => {
      const dayMs = at.getTime() - (at.getTime() % DAY_MS);
      const counted = this.days.get(dayMs);
      if (counted) return counted;
      const day = { affiliateId, day: new Date(dayMs), signups: 0, conversions: 0, paying: 0 };
      this.days.set(dayMs, day);
      return day;
    };
    dayOf(occurredAt).signups += 1;
    if (convertedAt) dayOf(convertedAt).conversions += 1;
    if (status === 'paid') dayOf(occurredAt).paying += 1;
  }
}
