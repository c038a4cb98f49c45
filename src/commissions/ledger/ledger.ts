import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/domain-error.js';
import { IdGenerator } from '../../common/ids.js';
import type { SqlTx } from '../../database/sql-transaction.js';
import type { Account, EntryKind } from './accounts.js';
import { balanceKey, lockBalances, type LockedBalance } from './balances.js';

/** A value of an entry's facts: kept as JSON beside the entry, amounts as strings so that they stay exact. */
export type Fact = string | number | bigint | boolean | null | readonly Fact[] | { readonly [name: string]: Fact };

/** One movement of one affiliate's money, not yet posted. */
export interface NewEntry {
  kind: EntryKind;
  /** Names the delta: posting the same key again changes nothing. */
  uniqueKey: string;
  /** The facts behind the delta. The same key with other facts is a bug or an attack, and is refused. */
  facts: Readonly<Record<string, Fact>>;
  affiliateId: string;
  currency: string;
  from: Account;
  to: Account;
  /** Above zero, in minor units. */
  amountMinor: bigint;
  /** When it happened in the world; `recordedAt` is when we wrote it down. */
  occurredAt: Date;
  commissionId?: string;
  payoutId?: string;
  stripeEventId?: string;
  /** From now on no item of the balance below this sequence is without a live payout line. Kept on the balance's row. */
  firstUnlinedSeq?: bigint;
  /** Who posted it by hand, and why; neither without the other. */
  staffUserId?: string;
  reason?: string;
}

class LedgerConflictError extends DomainError {
  constructor(uniqueKey: string) {
    super('conflict', 'ledger_conflict', `The ledger holds ${uniqueKey} already, with other facts.`, { uniqueKey });
  }
}

/**
 * The append-only journal. The only place that writes entries, postings and balances.
 */
@Injectable()
export class Ledger {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  /**
   * Posts entries and moves the balances with them, set-based: a handful of statements however many entries.
   *
   * Idempotent per `uniqueKey`: an entry that is posted already is passed over. Locks the balance rows of all named
   * affiliates (see lockBalances) until the transaction ends; a caller that holds them already, and has posted nothing since,
   * hands over what it got for them.
   *
   * @returns the keys that were posted now.
   * @throws LedgerConflictError when a key exists with other facts; nothing is posted then.
   */
  async post(tx: SqlTx, entries: NewEntry[], locked?: ReadonlyMap<string, LockedBalance>): Promise<Set<string>> {
    if (entries.length === 0) return new Set();
    const balances = locked ?? (await lockBalances(tx, entries));
    const fresh = await this.withoutPosted(tx, entries);
    if (fresh.length === 0) return new Set();

    const ids = fresh.map(() => this.ids.next('journalEntry'));
    await this.insertEntries(tx, fresh, ids);
    const postings = postingsOf(fresh, ids, { balances, payableSince: await this.payableSince(tx, fresh) });
    await tx.$executeRaw`
      INSERT INTO postings (affiliate_id, currency, seq, entry_id, account, amount_minor, payable_since)
      SELECT * FROM unnest(${postings.affiliateId}::text[], ${postings.currency}::text[], ${postings.seq}::bigint[],
                           ${postings.entryId}::text[], ${postings.account}::text[], ${postings.amountMinor}::bigint[],
                           ${postings.payableSince}::timestamptz[])`;
    await tx.$executeRaw`
      UPDATE balances b SET
        held_minor = b.held_minor + d.held,
        payable_minor = b.payable_minor + d.payable,
        in_payout_minor = b.in_payout_minor + d.in_payout,
        paid_out_minor = b.paid_out_minor + d.paid_out,
        lifetime_earned_minor = b.lifetime_earned_minor + d.earned,
        last_seq = d.last_seq,
        first_unlined_seq = coalesce(d.first_unlined_seq, b.first_unlined_seq)
      FROM (
        SELECT affiliate_id, currency, max(seq) AS last_seq, max(first_unlined_seq) AS first_unlined_seq,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'held'), 0)::bigint AS held,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'payable'), 0)::bigint AS payable,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'in_payout'), 0)::bigint AS in_payout,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'paid_out'), 0)::bigint AS paid_out,
               coalesce(-sum(amount_minor) FILTER (WHERE account = 'commission_expense'), 0)::bigint AS earned
        FROM unnest(${postings.affiliateId}::text[], ${postings.currency}::text[], ${postings.seq}::bigint[],
                    ${postings.account}::text[], ${postings.amountMinor}::bigint[], ${postings.firstUnlinedSeq}::bigint[])
          AS p (affiliate_id, currency, seq, account, amount_minor, first_unlined_seq)
        GROUP BY affiliate_id, currency
      ) d
      WHERE b.affiliate_id = d.affiliate_id AND b.currency = d.currency`;
    return new Set(fresh.map((entry) => entry.uniqueKey));
  }

  private async insertEntries(tx: SqlTx, entries: NewEntry[], ids: string[]): Promise<void> {
    const facts = entries.map((entry) => canonicalJson(entry.facts));
    await tx.$executeRaw`
      INSERT INTO journal_entries (id, kind, unique_key, content_hash, facts, affiliate_id, currency, occurred_at, recorded_at,
                                   commission_id, payout_id, stripe_event_id, staff_user_id, reason)
      SELECT id, kind, unique_key, content_hash, facts, affiliate_id, currency, occurred_at, ${this.clock.now()},
             commission_id, payout_id, stripe_event_id, staff_user_id, reason
      FROM ROWS FROM (
        unnest(${ids}::text[], ${entries.map((entry) => entry.kind)}::text[],
               ${entries.map((entry) => entry.uniqueKey)}::text[],
               ${entries.map(({ kind }, index) => contentHash(kind, facts[index] ?? ''))}::bytea[],
               ${entries.map((entry) => entry.affiliateId)}::text[], ${entries.map((entry) => entry.currency)}::text[],
               ${entries.map((entry) => entry.occurredAt)}::timestamptz[],
               ${entries.map((entry) => entry.commissionId ?? null)}::text[],
               ${entries.map((entry) => entry.payoutId ?? null)}::text[],
               ${entries.map((entry) => entry.stripeEventId ?? null)}::text[],
               ${entries.map((entry) => entry.staffUserId ?? null)}::text[],
               ${entries.map((entry) => entry.reason ?? null)}::text[]),
        jsonb_array_elements(${`[${facts.join()}]`}::jsonb)
      ) AS e (id, kind, unique_key, content_hash, affiliate_id, currency, occurred_at, commission_id, payout_id,
              stripe_event_id, staff_user_id, reason, facts)
      ORDER BY unique_key`;
  }

  /** `payableSinceBy` what the journal says of these entries' commissions. */
  private async payableSince(tx: SqlTx, entries: NewEntry[]): Promise<(entry: NewEntry) => Date | null> {
    const commissionIds = entries.flatMap(({ kind, from, to, commissionId }) =>
      kind !== 'commission_earned' && (from === 'payable' || to === 'payable') ? (commissionId ?? []) : [],
    );
    const known = new Map<string, Date>();
    if (commissionIds.length > 0) {
      // From each commission to its entries to their postings (OFFSET 0 keeps the order): the planner, which does not know
      // how many postings became payable since it last counted, would otherwise read all of those first.
      const rows = await tx.$queryRaw<{ commissionId: string; since: Date }[]>`
        SELECT own.commission_id AS "commissionId", max(p.payable_since) AS since
        FROM unnest(${commissionIds}::text[]) AS named (commission_id)
        CROSS JOIN LATERAL (
          SELECT e.commission_id, e.id FROM journal_entries e WHERE e.commission_id = named.commission_id OFFSET 0
        ) own
        CROSS JOIN LATERAL (SELECT p.payable_since FROM postings p WHERE p.entry_id = own.id OFFSET 0) p
        WHERE p.payable_since IS NOT NULL GROUP BY own.commission_id`;
      for (const { commissionId, since } of rows) known.set(commissionId, since);
    }
    return payableSinceBy(known);
  }

  /** The entries whose key is not in the journal yet. Read after the lock, hence not raced by another writer. */
  private async withoutPosted(tx: SqlTx, entries: NewEntry[]): Promise<NewEntry[]> {
    const posted = await tx.$queryRaw<{ uniqueKey: string; contentHash: Uint8Array }[]>`
      SELECT unique_key AS "uniqueKey", content_hash AS "contentHash" FROM journal_entries
      WHERE unique_key = ANY(${entries.map((entry) => entry.uniqueKey)}::text[])`;
    const hashes = new Map(posted.map((row) => [row.uniqueKey, Buffer.from(row.contentHash)]));
    return entries.filter((entry) => {
      const known = hashes.get(entry.uniqueKey);
      if (known && !known.equals(contentHash(entry.kind, canonicalJson(entry.facts))))
        throw new LedgerConflictError(entry.uniqueKey);
      return !known;
    });
  }
}

/**
 * Since when what an entry moves into or out of *payable* may be paid out: what a commission moves,
 * since the commission first became payable; anything else, since it happened. Null for what a payout itself moves.
 *
 * @param known since when commissions are payable; those that an entry makes payable are added.
 */
export function payableSinceBy(known: Map<string, Date>): (entry: NewEntry) => Date | null {
  return ({ kind, commissionId, occurredAt }) => {
    if (kind === 'payout_reserved' || kind === 'payout_returned') return null;
    if (commissionId === undefined) return occurredAt;
    const since = known.get(commissionId) ?? occurredAt;
    known.set(commissionId, since);
    return since;
  };
}

/** Column by column, as a statement takes them: this is the hot path of payout runs, and rows of objects cost more. */
export interface PostingColumns {
  affiliateId: string[];
  currency: string[];
  seq: bigint[];
  entryId: string[];
  account: Account[];
  amountMinor: bigint[];
  payableSince: (Date | null)[];
  firstUnlinedSeq: (bigint | null)[];
}

/** Two postings for each entry, which sum to zero; each takes the next sequence of its balance. */
export function postingsOf(
  entries: NewEntry[],
  ids: string[],
  given: {
    balances: ReadonlyMap<string, Pick<LockedBalance, 'lastSeq'>>;
    payableSince: (entry: NewEntry) => Date | null;
  },
): PostingColumns {
  const columns: PostingColumns = {
    affiliateId: [],
    currency: [],
    seq: [],
    entryId: [],
    account: [],
    amountMinor: [],
    payableSince: [],
    firstUnlinedSeq: [],
  };
  const lastSeqs = new Map<string, bigint>();
  entries.forEach((entry, index) => {
    const key = balanceKey(entry);
    const lastSeq = lastSeqs.get(key) ?? given.balances.get(key)?.lastSeq ?? 0n;
    lastSeqs.set(key, lastSeq + 2n);
    const isOfPayable = entry.from === 'payable' || entry.to === 'payable';
    const payableSince = isOfPayable ? given.payableSince(entry) : null;
    const add = (account: Account, seq: bigint, amountMinor: bigint): void => {
      columns.affiliateId.push(entry.affiliateId);
      columns.currency.push(entry.currency);
      columns.seq.push(seq);
      columns.entryId.push(ids[index] ?? '');
      columns.account.push(account);
      columns.amountMinor.push(amountMinor);
      columns.payableSince.push(account === 'payable' ? payableSince : null);
      columns.firstUnlinedSeq.push(entry.firstUnlinedSeq ?? null);
    };
    add(entry.from, lastSeq + 1n, -entry.amountMinor);
    add(entry.to, lastSeq + 2n, entry.amountMinor);
  });
  return columns;
}

/** Over the facts alone: a replay after an upgrade must give the same hash. */
export function contentHash(kind: EntryKind, canonicalFacts: string): Buffer {
  return hash('sha256', `[${JSON.stringify(kind)},${canonicalFacts}]`, 'buffer');
}

/** One text for one meaning: names in order, amounts as strings. */
export function canonicalJson(value: Fact): string {
  return JSON.stringify(value, (_name, part: unknown) => {
    if (typeof part === 'bigint') return part.toString();
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
