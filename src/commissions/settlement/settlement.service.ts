import { Injectable } from '@nestjs/common';
import type { Commission, Referral } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { IdGenerator } from '../../common/ids.js';
import type { SqlTx } from '../../database/sql-transaction.js';
import { ReferralLifecycle } from '../../referrals/referral-lifecycle.js';
import { shareDecisions } from '../facts/fact-locks.js';
import { CommissionEvents } from '../commission-events.js';
import { HoldsService } from '../holds.service.js';
import { lockBalances } from '../ledger/balances.js';
import { Ledger, type NewEntry } from '../ledger/ledger.js';
import { lineOf } from '../payout-lines.js';
import { insertCommissions, insertHolds } from './commission-rows.js';
import { loadReferralFacts } from './referral-facts.js';
import {
  correctionsOf,
  earningsOf,
  positionsAfter,
  type Cause,
  type EarnedTarget,
  type Earnings,
  type PositionOfCommission,
  type Settled,
} from './settlement-entries.js';
import { SettlementReview } from './settlement-review.js';
import { targetsOf } from './targets.js';

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
    private readonly holds: HoldsService,
    private readonly review: SettlementReview,
    private readonly events: CommissionEvents,
  ) {}

  /**
   * Settles every invoice of a referral. Idempotent: with nothing new it posts nothing.
   *
   * The caller holds the referral's subjects locked (lockReferralSubjects), which serialises settlements of one
   * referral. Shares the decisions about the affiliate, and locks the affiliate's balances before what was posted is read.
   */
  settle(tx: SqlTx, referral: Referral, cause: Cause): Promise<void> {
    return this.settleAll(tx, [referral], () => cause);
  }

  /** The same for many referrals, each once, set-based: a handful of statements however many. */
  async settleAll(tx: SqlTx, referrals: Referral[], causeOf: (target: EarnedTarget) => Cause): Promise<void> {
    if (referrals.length === 0) return;
    await shareDecisions(
      tx,
      referrals.map(({ affiliateId }) => affiliateId),
    );
    await this.review.report(tx, await this.follow(tx, referrals, causeOf));
    await this.lifecycle.refreshAll(tx, referrals);
  }

  /**
   * The same for many referrals about which staff have just decided, set-based: a handful of statements however many.
   * Asks staff nothing. The caller holds the decisions about their affiliate locked (lockDecisions).
   */
  async settleDecided(tx: SqlTx, referrals: Referral[], decidedAt: Date): Promise<void> {
    await this.follow(tx, referrals, () => ({ occurredAt: decidedAt }));
  }

  /**
   * Has the ledger follow the facts of these referrals. Locks their balances, once all is written that needs no balance: other
   * settlements of the same affiliates wait from then on.
   */
  private async follow(tx: SqlTx, referrals: Referral[], causeOf: (target: EarnedTarget) => Cause): Promise<Settled[]> {
    const settled = (await loadReferralFacts(tx, referrals)).map((facts) => ({ facts, targets: targetsOf(facts) }));
    const earnings = await this.writeEarnings(tx, settled);
    const balances = await lockBalances(
      tx,
      settled.flatMap(({ facts, targets }) =>
        targets.map(({ invoice }) => ({ affiliateId: facts.referral.affiliateId, currency: invoice.currency })),
      ),
    );
    await this.ledger.post(tx, earnings.entries, balances);
    await this.correct(tx, earnings, causeOf);
    return settled;
  }

  /** Writes the commissions of what has not earned yet, and tells of them; `entries` are still to be posted. */
  private async writeEarnings(tx: SqlTx, settled: Settled[]): Promise<Earnings> {
    const earnings = earningsOf(settled, () => ({
      id: this.ids.next('commission'),
      createdAt: this.clock.now(),
    }));
    const { commissions, held } = earnings;
    await insertCommissions(tx, commissions);
    await insertHolds(tx, held);
    const isHeld = new Set(held);
    await this.events.created(tx, commissions, (commission) => (isHeld.has(commission) ? 'held' : 'payable'));
    return earnings;
  }

  /** Posts the difference between what each commission is and what it should be, and holds what an inquiry asks about. */
  private async correct(
    tx: SqlTx,
    { earned: targets, entries: justPosted }: Earnings,
    causeOf: (target: EarnedTarget) => Cause,
  ): Promise<void> {
    const positions = positionsAfter(justPosted);
    const earnedNow = targets.filter(({ commission }) => positions.has(commission.id));
    const before = await this.withoutUntouched(
      tx,
      targets.filter(({ commission }) => !positions.has(commission.id)),
    );
    await this.readPositions(
      tx,
      before.map(({ commission }) => commission.id),
      positions,
    );
    const looked = [...earnedNow, ...before];
    const { entries, held, closedInquiries } = correctionsOf(looked, positions, causeOf, this.clock.now());
    await this.ledger.post(tx, entries);
    await this.events.changed(tx, changesOf(entries));
    await this.updateHolds(tx, looked, held, closedInquiries);
  }

  /**
   * Passes over commissions that should be worth what they earned, of which nothing was ever taken, and which no inquiry
   * holds: whatever payouts and releases did, they are worth that. Most are such, of long years perhaps, and where their
   * money lies takes several times longer to read. Read after their balances were locked.
   */
  private async withoutUntouched(tx: SqlTx, targets: EarnedTarget[]): Promise<EarnedTarget[]> {
    const asEarned = targets
      .filter(({ commission, targetMinor, losses }) => targetMinor === commission.amountMinor && !losses.inquiryOpen)
      .map(({ commission }) => commission);
    if (asEarned.length === 0) return targets;
    const rows = await tx.$queryRaw<{ id: string }[]>`
      SELECT c.id
      FROM unnest(${asEarned.map(({ id }) => id)}::text[], ${asEarned.map(({ affiliateId }) => affiliateId)}::text[])
        AS c (id, affiliate_id)
      CROSS JOIN LATERAL (
        (SELECT 1 FROM journal_entries e
         WHERE e.affiliate_id = c.affiliate_id AND e.commission_id = c.id AND e.kind = 'commission_reversed' LIMIT 1)
        UNION ALL (SELECT 1 FROM commission_holds h WHERE h.commission_id = c.id AND h.inquiry_open LIMIT 1)
      ) touched`;
    const touched = new Set(rows.map(({ id }) => id));
    const untouched = new Set(asEarned.map(({ id }) => id).filter((id) => !touched.has(id)));
    return targets.filter(({ commission }) => !untouched.has(commission.id));
  }

  /** Adds where the money of each of these commissions lies. Read after its balance was locked. */
  private async readPositions(
    tx: SqlTx,
    commissionIds: string[],
    positions: Map<string, PositionOfCommission>,
  ): Promise<void> {
    if (commissionIds.length === 0) return;
    const rows = await tx.$queryRaw<PositionOfCommission[]>`
      SELECT e.commission_id AS "commissionId", count(DISTINCT e.id)::int AS entries,
             coalesce(sum(p.amount_minor) FILTER (WHERE p.account = 'held'), 0)::bigint AS "heldMinor",
             coalesce(sum(p.amount_minor) FILTER (WHERE p.account = 'payable'), 0)::bigint AS "payableMinor",
             coalesce(bool_or(l.payout_id IS NOT NULL), false) AS "isInPayout",
             coalesce(bool_or(h.inquiry_open), false) AS "inquiryOpen"
      FROM journal_entries e
      JOIN postings p ON p.entry_id = e.id
      LEFT JOIN LATERAL (${lineOf('p', 'p.seq')}) l ON p.account = 'payable' AND p.amount_minor > 0
      LEFT JOIN commission_holds h ON h.commission_id = e.commission_id
      WHERE e.commission_id = ANY(${commissionIds}::text[])
      GROUP BY e.commission_id`;
    for (const row of rows) positions.set(row.commissionId, row);
  }

  /** Keeps the release job's work list: what is held is on it, marked while an inquiry is open, released when it closes. */
  private async updateHolds(
    tx: SqlTx,
    targets: EarnedTarget[],
    held: Commission[],
    closedInquiries: string[],
  ): Promise<void> {
    await insertHolds(tx, held);
    const open = targets.filter(({ losses }) => losses.inquiryOpen).map(({ commission }) => commission.id);
    if (open.length + closedInquiries.length === 0) return;
    await tx.$executeRaw`
      UPDATE commission_holds SET inquiry_open = commission_id = ANY(${open}::text[])
      WHERE commission_id = ANY(${[...open, ...closedInquiries]}::text[])`;
    await this.holds.release(tx, closedInquiries, this.clock.now());
  }
}

/** One for each commission, though its money may lie in two accounts; being held back changes nothing of its worth. */
function changesOf(entries: NewEntry[]): Parameters<CommissionEvents['changed']>[1] {
  const reversed = entries.filter(({ kind }) => kind === 'commission_reversed');
  const restored = entries.filter(({ kind }) => kind === 'commission_restored');
  return [
    ...idsOf(reversed).map((commissionId) => ({ type: 'commission.reversed' as const, commissionId })),
    ...idsOf(restored).map((commissionId) => ({ type: 'commission.restored' as const, commissionId })),
  ];
}

function idsOf(entries: NewEntry[]): string[] {
  return [...new Set(entries.flatMap(({ commissionId }) => commissionId ?? []))];
}
