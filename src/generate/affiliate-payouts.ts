import type { Balance, Payout, PayoutAttempt, PayoutLine, StripeTransfer } from '@prisma/client';
import { isTaken } from '../payouts/eligibility/payout-items.js';
import { skipReason, type SkipReason } from '../payouts/eligibility/eligibility.js';
import { paidEntry, reservedEntry, returnedEntry, reversedEntry } from '../payouts/payout-entries.js';
import { presentPayout } from '../payouts/payout-presenter.js';
import { idempotencyKeyOf } from '../payouts/sending/payout-attempts.js';
import type { PayableItem } from './affiliate-book.js';
import type { AffiliateCases } from './affiliate-cases.js';
import type { AffiliateLife } from './affiliate-life.js';
import { DAY_MS, later, MINUTE_MS, type CompletedRun } from './world.js';

interface PayoutStory {
  payout: Payout;
  run: CompletedRun;
  balance: Balance;
  items: PayableItem[];
  releasedAt: Date | null;
  attempt: PayoutAttempt | null;
  transfer: StripeTransfer | null;
}

/** In which payout a commission is, and how that stands. */
interface Whereabouts {
  payoutId: string;
  state: 'in_payout' | 'paid';
  paidAt: Date | null;
}

type Fate = 'paid' | 'failed' | 'canceled';

const FATES: { weight: number; value: Fate }[] = [
  { weight: 975, value: 'paid' },
  { weight: 18, value: 'failed' },
  { weight: 7, value: 'canceled' },
];
/** Of the paid ones, those of which somebody takes money back at Stripe. */
const REVERSED = 0.003;
/** A fingerprint of a key that nothing is sent with. */
const CREDENTIAL_ID = 'generated';

/** An affiliate's part in the payout runs. */
export class AffiliatePayouts {
  private readonly stories: PayoutStory[] = [];
  private readonly whereabouts = new Map<string, Whereabouts>();

  constructor(
    private readonly life: AffiliateLife,
    private readonly cases: AffiliateCases,
  ) {}

  /** Puts all runs on the agenda that the affiliate was there for. */
  plan(): void {
    const { createdAt } = this.life.profile.affiliate;
    for (const run of this.life.chronicle.world.runs) {
      if (run.cutOff > createdAt) this.life.agenda.add(run.startedAt, (at) => this.takePart(run, at));
    }
  }

  payoutOf(commissionId: string): Whereabouts | null {
    return this.whereabouts.get(commissionId) ?? null;
  }

  writeOutcome(): void {
    const { copy } = this.life.chronicle;
    for (const { payout, items, releasedAt, attempt, transfer } of this.stories) {
      copy.add('payouts', payout);
      for (const line of linesOf(payout, items, releasedAt)) copy.add('payout_lines', line);
      if (attempt) copy.add('payout_attempts', attempt);
      if (transfer) copy.add('stripe_transfers', transfer);
    }
  }

  /** What PayoutReservation decides about each balance. */
  private takePart(run: CompletedRun, at: Date): void {
    const { book, chronicle, profile } = this.life;
    for (const balance of book.balances.values()) {
      const taken = book
        .unlinedOf(balance)
        .filter((item) => isTaken(item, run.cutOff, () => book.hasBeenInPayout(item)));
      const amountMinor = taken.reduce((sum, item) => sum + item.amountMinor, 0n);
      if (amountMinor === 0n) continue;
      const isOnboarded = profile.onboardedAt !== null && profile.onboardedAt <= at;
      const destination = profile.affiliate.stripeAccountId;
      const reason = skipReason({
        amountMinor,
        minimumMinor: chronicle.world.minPayoutMinor(balance.currency),
        affiliateStatus: profile.suspendedAt !== null && profile.suspendedAt <= at ? 'suspended' : 'active',
        underReview: this.cases.isHolding,
        stripeAccountId: isOnboarded ? destination : null,
        detailsSubmitted: isOnboarded,
        payoutsEnabled: true,
        currencyHeld: true,
      });
      if (reason !== null || destination === null) this.skip(run, balance, reason ?? 'not_onboarded', amountMinor);
      else this.reserve(run, balance, { taken, amountMinor, destination, at });
    }
  }

  private skip(run: CompletedRun, { affiliateId, currency }: Balance, reason: SkipReason, amountMinor: bigint): void {
    this.life.chronicle.copy.add('payout_skips', { runId: run.id, affiliateId, currency, reason, amountMinor });
  }

  private reserve(
    run: CompletedRun,
    balance: Balance,
    {
      taken,
      amountMinor,
      destination,
      at,
    }: { taken: PayableItem[]; amountMinor: bigint; destination: string; at: Date },
  ): void {
    const { book, chronicle, agenda } = this.life;
    const createdAt = later(at, chronicle.random.int(1, 20_000));
    const payout: Payout = {
      id: chronicle.ids.next('payout', createdAt),
      runId: run.id,
      affiliateId: balance.affiliateId,
      currency: balance.currency,
      amountMinor,
      amountReversedMinor: 0n,
      status: 'pending',
      destination,
      attemptNo: 1,
      sends: 0,
      nextTryAt: null,
      stripeTransferId: null,
      failureCode: null,
      failureMessage: null,
      createdAt,
      paidAt: null,
    };
    const story: PayoutStory = { payout, run, balance, items: taken, releasedAt: null, attempt: null, transfer: null };
    this.stories.push(story);
    book.post([reservedEntry(payout, run)], createdAt);
    book.line(balance, taken);
    this.setWhereabouts(taken, { payoutId: payout.id, state: 'in_payout', paidAt: null });
    const fate = chronicle.random.weighted(FATES);
    const leftMs = run.finishedAt.getTime() - createdAt.getTime() - MINUTE_MS;
    const endsAt = later(createdAt, MINUTE_MS / 2 + chronicle.random.fraction() * leftMs);
    agenda.add(endsAt, (then) => this.end(story, fate, then));
  }

  private end(story: PayoutStory, fate: Fate, at: Date): void {
    // What comes back while a bank asks about it would have to be held back: leave those payouts alone.
    const isAskedAbout = story.items.some(
      ({ commissionId }) => commissionId !== null && this.life.book.positionOf(commissionId).inquiryOpen,
    );
    if (fate === 'paid' || isAskedAbout) this.pay(story, at);
    else this.giveBack(story, fate, at);
  }

  private pay(story: PayoutStory, at: Date): void {
    const { book, chronicle, agenda } = this.life;
    const { payout, items } = story;
    const transferId = `tr_${payout.id.slice(3)}`;
    Object.assign(payout, { status: 'paid', sends: 1, stripeTransferId: transferId, paidAt: at });
    story.attempt = attemptOf(payout, at, { outcome: 'sent', outcomeDetail: transferId });
    story.transfer = {
      id: transferId,
      payoutId: payout.id,
      amountMinor: payout.amountMinor,
      amountReversedMinor: 0n,
      reversedByOthersMinor: 0n,
      currency: payout.currency,
      destination: payout.destination,
      reversedAt: null,
      stripeEventId: `evt_${transferId}`,
      createdAt: at,
      receivedAt: later(at, 1500),
    };
    book.post([paidEntry(payout, transferId, at)], at);
    this.setWhereabouts(items, { payoutId: payout.id, state: 'paid', paidAt: at });
    this.tell('payout.paid', story, at);
    if (!chronicle.random.chance(REVERSED)) return;
    const isWhole = chronicle.random.chance(0.5);
    const reversedMinor = isWhole ? payout.amountMinor : (payout.amountMinor + 1n) / 2n;
    const reversedAt = later(at, chronicle.random.int(1, 18) * DAY_MS);
    agenda.add(reversedAt, (then) => this.reverse(story, reversedMinor, then));
  }

  /** Not by us: staff are asked before anything more is paid. */
  private reverse(story: PayoutStory, reversedMinor: bigint, at: Date): void {
    const { payout, transfer } = story;
    if (!transfer) throw new Error(`payout ${payout.id} has no transfer to be reversed`);
    const stripeEventId = `evt_${transfer.id}r`;
    Object.assign(transfer, {
      amountReversedMinor: reversedMinor,
      reversedByOthersMinor: reversedMinor,
      reversedAt: at,
      stripeEventId,
    });
    const seen = { transferId: transfer.id, reversedBeforeMinor: 0n, amountReversedMinor: reversedMinor };
    this.life.book.post([reversedEntry(payout, { ...seen, reversedAt: at, stripeEventId })], at);
    Object.assign(payout, {
      amountReversedMinor: reversedMinor,
      status: reversedMinor === payout.amountMinor ? 'reversed' : payout.status,
    });
    this.tell('payout.reversed', story, at);
    this.cases.askAboutReversal(payout, { transferId: transfer.id, reversedMinor, stripeEventId }, at);
  }

  private giveBack(story: PayoutStory, fate: 'failed' | 'canceled', at: Date): void {
    const { book } = this.life;
    const { payout, run, balance, items } = story;
    if (fate === 'failed') {
      const failureMessage = 'The destination account cannot receive transfers at this time.';
      Object.assign(payout, { status: 'failed', sends: 1, failureCode: 'account_invalid', failureMessage });
      story.attempt = attemptOf(payout, at, { outcome: 'refused', outcomeDetail: 'account_invalid' });
    } else {
      Object.assign(payout, { status: 'canceled', failureCode: 'account_restricted' });
      this.skip(run, balance, 'account_restricted', payout.amountMinor);
    }
    story.releasedAt = at;
    book.post([returnedEntry(payout, at)], at);
    book.release(balance, items);
    for (const { commissionId } of items) if (commissionId !== null) this.whereabouts.delete(commissionId);
    if (fate === 'failed') this.tell('payout.failed', story, at);
  }

  private setWhereabouts(items: readonly PayableItem[], whereabouts: Whereabouts): void {
    for (const { commissionId, amountMinor } of items) {
      if (commissionId !== null && amountMinor > 0n) this.whereabouts.set(commissionId, whereabouts);
    }
  }

  private tell(
    type: 'payout.paid' | 'payout.failed' | 'payout.reversed',
    { payout, run }: PayoutStory,
    at: Date,
  ): void {
    this.life.chronicle.tell({ type, subjectId: payout.id, data: { ...presentPayout(payout, run.period) } }, at);
  }
}

function attemptOf(
  payout: Payout,
  at: Date,
  { outcome, outcomeDetail }: Pick<PayoutAttempt, 'outcome' | 'outcomeDetail'>,
): PayoutAttempt {
  const sentAt = later(at, -MINUTE_MS / 60);
  return {
    payoutId: payout.id,
    attemptNo: 1,
    idempotencyKey: idempotencyKeyOf(payout),
    firstSentAt: sentAt,
    lastSentAt: sentAt,
    credentialId: CREDENTIAL_ID,
    outcome,
    outcomeDetail,
    resolvedAt: at,
  };
}

/** The lines of a payout, as they are stored: one for each stretch of items that follow each other. */
function linesOf(payout: Payout, items: readonly PayableItem[], releasedAt: Date | null): PayoutLine[] {
  const { id: payoutId, affiliateId, currency } = payout;
  const lines: PayoutLine[] = [];
  let before: PayableItem | undefined;
  for (const item of items) {
    const { seq, amountMinor } = item;
    const line = item.number - 1 === before?.number ? lines.at(-1) : undefined;
    if (line) {
      line.lastSeq = seq;
      line.itemCount += 1;
      line.amountMinor += amountMinor;
    } else {
      lines.push({
        payoutId,
        affiliateId,
        currency,
        firstSeq: seq,
        lastSeq: seq,
        itemCount: 1,
        amountMinor,
        releasedAt,
      });
    }
    before = item;
  }
  return lines;
}
