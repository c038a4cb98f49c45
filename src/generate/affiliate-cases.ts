import type { Payout, ReviewCase } from '@prisma/client';
import { adjustmentEntry, adjustmentRecord, type Adjustment } from '../commissions/adjustments.service.js';
import { formatAmount } from '../common/money.js';
import { newsOf } from '../fraud/review-cases.service.js';
import type { ReviewRuleName } from '../fraud/review-rules.js';
import type { AffiliateLife, Customer } from './affiliate-life.js';
import { DAY_MS, later } from './world.js';

interface Finding {
  key: string;
  summary: string;
  evidence: Record<string, string | number>;
  referralId?: string;
  subject?: string;
  stripeEventId?: string;
}

/** Of all affiliates. */
const SUSPECTED_AS_A_WHOLE = 0.02;
const SUSPECTED_FOR_A_CUSTOMER = 0.06;
const ADJUSTED = 0.03;

/** What staff were asked about an affiliate, what they decided, and what they gave or took by hand. */
export class AffiliateCases {
  private readonly cases: ReviewCase[] = [];

  constructor(private readonly life: AffiliateLife) {}

  /** Whether an open case keeps the affiliate's money where it is. */
  get isHolding(): boolean {
    return this.cases.some(({ holds, status }) => holds && status === 'open');
  }

  plan(): void {
    const { random } = this.life.chronicle;
    if (random.chance(SUSPECTED_AS_A_WHOLE)) this.atSomeTime((at) => this.askAboutRate(at));
    if (random.chance(SUSPECTED_FOR_A_CUSTOMER)) this.atSomeTime((at) => this.askAboutCustomer(at));
    if (random.chance(ADJUSTED)) this.atSomeTime((at) => this.adjust(at));
  }

  /** Money of a paid payout was taken back at Stripe, and not by us. */
  askAboutReversal(
    payout: Payout,
    { transferId, reversedMinor, stripeEventId }: { transferId: string; reversedMinor: bigint; stripeEventId: string },
    at: Date,
  ): void {
    const amount = `${formatAmount(reversedMinor, payout.currency)} ${payout.currency.toUpperCase()}`;
    const opened = this.open('transfer_reversed', true, at, {
      key: `${transferId}:${reversedMinor}`,
      summary: `Of transfer ${transferId} (payout ${payout.id}), ${amount} was taken back at Stripe, and not by this service.`,
      evidence: {
        payoutId: payout.id,
        transferId,
        amountReversed: reversedMinor.toString(),
        currency: payout.currency,
      },
      stripeEventId,
    });
    this.decideLater(opened, 'approved', null);
  }

  writeOutcome(): void {
    for (const one of this.cases) this.life.chronicle.copy.add('review_cases', one);
  }

  private atSomeTime(act: (at: Date) => void): void {
    const { chronicle, profile, agenda } = this.life;
    const { createdAt } = profile.affiliate;
    const at = later(createdAt, chronicle.random.fraction() * (chronicle.world.now.getTime() - createdAt.getTime()));
    agenda.add(at, act);
  }

  private askAboutRate(at: Date): void {
    const { random } = this.life.chronicle;
    const referrals = this.life.customers.length;
    if (referrals < 10) return;
    const uniqueClicks = Math.ceil(referrals * (1.2 + random.fraction()));
    const rateBps = Math.floor((referrals * 10_000) / uniqueClicks);
    const opened = this.open('conversion_rate', true, at, {
      key: 'conversion_rate',
      summary: `${referrals} of ${uniqueClicks} unique visitors signed up (${rateBps / 100} %); 30 % is the limit.`,
      evidence: { referrals, uniqueClicks, rateBps, maxRateBps: 3000 },
    });
    this.decideLater(opened, 'approved', null);
  }

  private askAboutCustomer(at: Date): void {
    const { random } = this.life.chronicle;
    const payers = this.life.customers.filter(
      ({ commissions, rejections }) => commissions.length > 0 && rejections.length === 0,
    );
    const accountId = this.life.profile.affiliate.stripeAccountId;
    if (payers.length === 0 || accountId === null) return;
    const customer = random.pick(payers);
    const { customerId } = customer.story;
    const opened = this.open('own_payment_method', false, at, {
      key: `${customer.referral.id}:${accountId}`,
      summary: `The customer ${customerId} paid by a card that the account ${accountId} is paid out to.`,
      evidence: { customerId, accountId, kind: 'card' },
      subject: customerId,
      referralId: customer.referral.id,
    });
    const decision = random.chance(0.5) ? 'approved' : 'rejected';
    this.decideLater(opened, decision, customer);
  }

  private open(rule: ReviewRuleName, holds: boolean, at: Date, found: Finding): ReviewCase {
    const { ids, copy } = this.life.chronicle;
    const openCase = this.cases.find((one) => one.rule === rule && one.status === 'open');
    const reviewCase: ReviewCase = openCase ?? {
      id: ids.next('reviewCase', at),
      affiliateId: this.life.profile.affiliate.id,
      rule,
      holds,
      status: 'open',
      openedAt: at,
      closedAt: null,
      decidedBy: null,
      reason: null,
    };
    if (!openCase) {
      this.cases.push(reviewCase);
      this.life.chronicle.tell(newsOf('review_case.opened', reviewCase), at);
    }
    const { key, summary, evidence, subject = null, referralId = null, stripeEventId = null } = found;
    copy.add('review_signals', {
      caseId: reviewCase.id,
      key,
      level: 0,
      summary,
      evidence: JSON.stringify(evidence),
      subject,
      referralId,
      stripeEventId,
      foundAt: at,
    });
    return reviewCase;
  }

  /** Staff take some days; a case that is too young stays open. */
  private decideLater(opened: ReviewCase, decision: 'approved' | 'rejected', customer: Customer | null): void {
    const { random } = this.life.chronicle;
    const at = later(opened.openedAt, random.int(1, 9) * DAY_MS * random.fraction() + 60_000);
    this.life.agenda.add(at, () => {
      if (opened.status === 'open') this.decide(opened, decision, customer, at);
    });
  }

  private decide(decided: ReviewCase, decision: 'approved' | 'rejected', customer: Customer | null, at: Date): void {
    const { world } = this.life.chronicle;
    const reason =
      decision === 'approved'
        ? 'Looked into it with the affiliate: these are real customers.'
        : 'The affiliate pays with the same card: this customer is themself.';
    Object.assign(decided, { status: decision, closedAt: at, decidedBy: world.staffUserId, reason });
    this.life.chronicle.tell(newsOf('review_case.closed', decided), at);
    const earnedBefore = this.earned();
    const effect = customer && decision === 'rejected' ? this.reject(decided, customer, reason, at) : {};
    this.life.chronicle.audit(
      {
        actorId: world.staffUserId,
        action: `review_case.${decision}`,
        subjectType: 'review_case',
        subjectId: decided.id,
        before: { status: 'open', ...(decision === 'rejected' && { lifetimeEarned: earnedBefore }) },
        after: { status: decision, ...effect, ...(decision === 'rejected' && { lifetimeEarned: this.earned() }) },
        reason,
      },
      at,
    );
    this.life.releaseDue(at);
  }

  /** What a payout holds is spared; all else that the customer earned, or will earn, is worth nothing. */
  private reject(
    { id: caseId, rule }: ReviewCase,
    customer: Customer,
    reason: string,
    at: Date,
  ): { rejectedReferrals: number; sparedCommissions: number } {
    const { copy, world } = this.life.chronicle;
    const { staffUserId } = world;
    const spared = customer.commissions
      .filter(({ id }) => this.life.book.positionOf(id).isInPayout)
      .map(({ id }) => id);
    const { id: referralId } = customer.referral;
    copy.add('referral_rejections', { caseId, referralId, rule, staffUserId, reason, rejectedAt: at });
    for (const commissionId of spared) copy.add('spared_commissions', { caseId, commissionId });
    const rejection = { referralId, caseId, rule, staffUserId, reason, sparedCommissionIds: new Set(spared) };
    customer.rejections.push(rejection);
    this.life.settle(customer, { occurredAt: at }, at);
    return { rejectedReferrals: 1, sparedCommissions: spared.length };
  }

  private adjust(at: Date): void {
    const { chronicle, book, profile } = this.life;
    const { random, world } = chronicle;
    const adjustment: Adjustment = {
      adjustmentId: `adj_${random.hex(4)}`,
      affiliateId: profile.affiliate.id,
      currency: profile.currency,
      amountMinor: BigInt(random.pick([-2000, -1000, 2500, 5000, 10_000])),
      staffUserId: world.staffUserId,
      reason: random.pick(['Bonus for the spring campaign.', 'Agreed by e-mail after a support case.']),
    };
    const entry = adjustmentEntry(adjustment, at);
    book.post([entry], at);
    const balance = [...book.balances.values()].find(({ currency }) => currency === adjustment.currency);
    chronicle.audit(adjustmentRecord(adjustment, balance?.payableMinor ?? 0n), at);
  }

  private earned(): Record<string, string> {
    return Object.fromEntries(
      [...this.life.book.balances.values()].map(({ currency, lifetimeEarnedMinor }) => [
        currency,
        String(lifetimeEarnedMinor),
      ]),
    );
  }
}
