import type { Balance } from '@prisma/client';
import { balanceKey } from '../commissions/ledger/balances.js';
import { canonicalJson, contentHash, payableSinceBy, postingsOf, type NewEntry } from '../commissions/ledger/ledger.js';
import type { PositionOfCommission } from '../commissions/settlement/settlement-entries.js';
import type { BulkCopy } from './bulk-copy.js';
import type { TimedIds } from './timed-ids.js';

/** A payable posting that may stand in a payout line. */
export interface PayableItem {
  seq: bigint;
  /** Its place among all items of its balance, without a gap. */
  number: number;
  amountMinor: bigint;
  payableSince: Date;
  commissionId: string | null;
}

interface Position extends PositionOfCommission {
  /** How many of its postings that gave something stand in a live payout line, and in any at all. */
  livingGains: number;
  livingLines: number;
}

/**
 * One affiliate's ledger while their history is made: what Ledger, and the statements of payouts, do in the database, by
 * the same functions. It keeps balances, positions and unlined items, and writes entries and postings out at once.
 */
export class AffiliateBook {
  readonly balances = new Map<string, Balance>();
  readonly positions = new Map<string, Position>();
  /** Of each balance, in the order of sequences. */
  private readonly unlined = new Map<string, PayableItem[]>();
  private readonly itemCounts = new Map<string, number>();
  private readonly payableSince = payableSinceBy(new Map());

  constructor(
    private readonly copy: BulkCopy,
    private readonly ids: TimedIds,
  ) {}

  /** Posts entries, all of one moment, and moves the balances. */
  post(entries: NewEntry[], recordedAt: Date): void {
    if (entries.length === 0) return;
    for (const entry of entries) this.balanceOf(entry);
    const ids = entries.map((entry) => this.writeEntry(entry, recordedAt));
    const postings = postingsOf(entries, ids, { balances: this.balances, payableSince: this.payableSince });
    postings.seq.forEach((seq, index) => {
      const entry = entries[index >> 1];
      const [entryId, account, amountMinor] = [
        postings.entryId[index],
        postings.account[index],
        postings.amountMinor[index],
      ];
      const payableSince = postings.payableSince[index] ?? null;
      if (!entry || entryId === undefined || account === undefined || amountMinor === undefined) {
        throw new Error('an entry has two postings');
      }
      const { affiliateId, currency, commissionId } = entry;
      this.copy.add('postings', { affiliateId, currency, seq, entryId, account, amountMinor, payableSince });
      const balance = this.balanceOf(entry);
      balance.lastSeq = seq;
      if (account === 'held') balance.heldMinor += amountMinor;
      else if (account === 'payable') balance.payableMinor += amountMinor;
      else if (account === 'in_payout') balance.inPayoutMinor += amountMinor;
      else if (account === 'paid_out') balance.paidOutMinor += amountMinor;
      else balance.lifetimeEarnedMinor -= amountMinor;
      if (payableSince !== null) {
        const key = balanceKey(entry);
        const number = (this.itemCounts.get(key) ?? 0) + 1;
        this.itemCounts.set(key, number);
        this.itemsOf(key).push({ seq, number, amountMinor, payableSince, commissionId: commissionId ?? null });
      }
      if (commissionId !== undefined) {
        const position = this.positionOf(commissionId);
        if (account === 'held') position.heldMinor += amountMinor;
        if (account === 'payable') position.payableMinor += amountMinor;
      }
    });
    for (const { commissionId } of entries) if (commissionId !== undefined) this.positionOf(commissionId).entries += 1;
  }

  /** What may be paid of a balance. */
  unlinedOf(balance: Balance): PayableItem[] {
    return this.itemsOf(balanceKey(balance));
  }

  /** Whether something of the item's commission stands in a live payout line. */
  hasBeenInPayout({ commissionId }: PayableItem): boolean {
    return commissionId !== null && this.positionOf(commissionId).livingLines > 0;
  }

  /** The items stand in a payout from now on. Call it after the reservation was posted. */
  line(balance: Balance, taken: readonly PayableItem[]): void {
    const isTaken = new Set(taken);
    const left = this.itemsOf(balanceKey(balance)).filter((item) => !isTaken.has(item));
    this.unlined.set(balanceKey(balance), left);
    balance.firstUnlinedSeq = left[0]?.seq ?? balance.lastSeq + 1n;
    this.countLines(taken, 1);
  }

  /** They stand in none any more. */
  release(balance: Balance, lined: readonly PayableItem[]): void {
    const items = [...this.itemsOf(balanceKey(balance)), ...lined].sort((a, b) => Number(a.seq - b.seq));
    this.unlined.set(balanceKey(balance), items);
    const first = items[0]?.seq;
    if (first !== undefined && first < balance.firstUnlinedSeq) balance.firstUnlinedSeq = first;
    this.countLines(lined, -1);
  }

  positionOf(commissionId: string): Position {
    let position = this.positions.get(commissionId);
    if (!position) {
      position = {
        commissionId,
        entries: 0,
        heldMinor: 0n,
        payableMinor: 0n,
        isInPayout: false,
        inquiryOpen: false,
        livingGains: 0,
        livingLines: 0,
      };
      this.positions.set(commissionId, position);
    }
    return position;
  }

  private countLines(items: readonly PayableItem[], by: 1 | -1): void {
    for (const { commissionId, amountMinor } of items) {
      if (commissionId === null) continue;
      const position = this.positionOf(commissionId);
      position.livingLines += by;
      if (amountMinor > 0n) position.livingGains += by;
      position.isInPayout = position.livingGains > 0;
    }
  }

  private writeEntry(entry: NewEntry, recordedAt: Date): string {
    const id = this.ids.next('journalEntry', recordedAt);
    const facts = canonicalJson(entry.facts);
    const { kind, uniqueKey, affiliateId, currency, occurredAt } = entry;
    this.copy.add('journal_entries', {
      id,
      kind,
      uniqueKey,
      contentHash: `\\x${contentHash(kind, facts).toString('hex')}`,
      facts,
      affiliateId,
      currency,
      occurredAt,
      recordedAt,
      commissionId: entry.commissionId ?? null,
      payoutId: entry.payoutId ?? null,
      stripeEventId: entry.stripeEventId ?? null,
      staffUserId: entry.staffUserId ?? null,
      reason: entry.reason ?? null,
    });
    return id;
  }

  private balanceOf({ affiliateId, currency }: Pick<Balance, 'affiliateId' | 'currency'>): Balance {
    const key = balanceKey({ affiliateId, currency });
    let balance = this.balances.get(key);
    if (!balance) {
      balance = {
        affiliateId,
        currency,
        heldMinor: 0n,
        payableMinor: 0n,
        inPayoutMinor: 0n,
        paidOutMinor: 0n,
        lifetimeEarnedMinor: 0n,
        lastSeq: 0n,
        firstUnlinedSeq: 1n,
      };
      this.balances.set(key, balance);
    }
    return balance;
  }

  private itemsOf(key: string): PayableItem[] {
    let items = this.unlined.get(key);
    if (!items) {
      items = [];
      this.unlined.set(key, items);
    }
    return items;
  }
}
