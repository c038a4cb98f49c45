import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/domain-error.js';
import { IdGenerator } from '../../common/ids.js';
import type { SqlTx } from '../../database/sql-transaction.js';
import type { Account, EntryKind } from './accounts.js';
import { balanceKey, lockBalances } from './balances.js';

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
   * affiliates (see lockBalances) until the transaction ends.
   *
   * @returns the keys that were posted now.
   * @throws LedgerConflictError when a key exists with other facts; nothing is posted then.
   */
  async post(tx: SqlTx, entries: NewEntry[]): Promise<Set<string>> {
    if (entries.length === 0) return new Set();
    const balances = await lockBalances(tx, entries);
    const fresh = await this.withoutPosted(tx, entries);
    if (fresh.length === 0) return new Set();

    const recordedAt = this.clock.now();
    const rows = fresh.map((entry) => ({ ...entry, id: this.ids.next('journalEntry'), hash: contentHash(entry) }));
    await tx.$executeRaw`
      INSERT INTO journal_entries (id, kind, unique_key, content_hash, facts, affiliate_id, currency, occurred_at, recorded_at,
                                   commission_id, payout_id, stripe_event_id, staff_user_id, reason)
      SELECT id, kind, unique_key, content_hash, facts::jsonb, affiliate_id, currency, occurred_at, ${recordedAt}, commission_id,
             payout_id, stripe_event_id, staff_user_id, reason
      FROM unnest(${rows.map((row) => row.id)}::text[], ${rows.map((row) => row.kind)}::text[],
                  ${rows.map((row) => row.uniqueKey)}::text[], ${rows.map((row) => row.hash)}::bytea[],
                  ${rows.map((row) => canonicalJson(row.facts))}::text[],
                  ${rows.map((row) => row.affiliateId)}::text[], ${rows.map((row) => row.currency)}::text[],
                  ${rows.map((row) => row.occurredAt)}::timestamptz[], ${rows.map((row) => row.commissionId ?? null)}::text[],
                  ${rows.map((row) => row.payoutId ?? null)}::text[], ${rows.map((row) => row.stripeEventId ?? null)}::text[],
                  ${rows.map((row) => row.staffUserId ?? null)}::text[], ${rows.map((row) => row.reason ?? null)}::text[])
        AS e (id, kind, unique_key, content_hash, facts, affiliate_id, currency, occurred_at, commission_id, payout_id,
              stripe_event_id, staff_user_id, reason)
      ORDER BY unique_key`;

    const payableSince = await this.payableSince(tx, fresh);
    const lastSeqs = new Map([...balances].map(([key, balance]) => [key, balance.lastSeq]));
    const postings = rows.flatMap((row) => {
      const key = balanceKey(row);
      const seq = lastSeqs.get(key) ?? 0n;
      lastSeqs.set(key, seq + 2n);
      return [
        { ...row, seq: seq + 1n, account: row.from, signedMinor: -row.amountMinor },
        { ...row, seq: seq + 2n, account: row.to, signedMinor: row.amountMinor },
      ];
    });
    const since = postings.map((posting) => (posting.account === 'payable' ? payableSince(posting) : null));
    const affiliateIds = postings.map((posting) => posting.affiliateId);
    const currencies = postings.map((posting) => posting.currency);
    const seqs = postings.map((posting) => posting.seq);
    const accounts = postings.map((posting) => posting.account);
    const amounts = postings.map((posting) => posting.signedMinor);
    await tx.$executeRaw`
      INSERT INTO postings (affiliate_id, currency, seq, entry_id, account, amount_minor, payable_since)
      SELECT * FROM unnest(${affiliateIds}::text[], ${currencies}::text[], ${seqs}::bigint[],
                           ${postings.map((posting) => posting.id)}::text[], ${accounts}::text[], ${amounts}::bigint[],
                           ${since}::timestamptz[])`;
    await tx.$executeRaw`
      UPDATE balances b SET
        held_minor = b.held_minor + d.held,
        payable_minor = b.payable_minor + d.payable,
        in_payout_minor = b.in_payout_minor + d.in_payout,
        paid_out_minor = b.paid_out_minor + d.paid_out,
        lifetime_earned_minor = b.lifetime_earned_minor + d.earned,
        last_seq = d.last_seq
      FROM (
        SELECT affiliate_id, currency, max(seq) AS last_seq,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'held'), 0)::bigint AS held,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'payable'), 0)::bigint AS payable,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'in_payout'), 0)::bigint AS in_payout,
               coalesce(sum(amount_minor) FILTER (WHERE account = 'paid_out'), 0)::bigint AS paid_out,
               coalesce(-sum(amount_minor) FILTER (WHERE account = 'commission_expense'), 0)::bigint AS earned
        FROM unnest(${affiliateIds}::text[], ${currencies}::text[], ${seqs}::bigint[], ${accounts}::text[], ${amounts}::bigint[])
          AS p (affiliate_id, currency, seq, account, amount_minor)
        GROUP BY affiliate_id, currency
      ) d
      WHERE b.affiliate_id = d.affiliate_id AND b.currency = d.currency`;
    return new Set(rows.map((row) => row.uniqueKey));
  }

  /**
   * Since when what an entry moves into or out of *payable* may be paid out (money.md, "Items"): what a commission moves,
   * since the commission first became payable; anything else, since it happened. Null for what a payout itself moves.
   */
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
    return ({ kind, commissionId, occurredAt }) => {
      if (kind === 'payout_reserved' || kind === 'payout_returned') return null;
      if (commissionId === undefined) return occurredAt;
      const since = known.get(commissionId) ?? occurredAt;
      known.set(commissionId, since);
      return since;
    };
  }

  /** The entries whose key is not in the journal yet. Read after the lock, hence not raced by another writer. */
  private async withoutPosted(tx: SqlTx, entries: NewEntry[]): Promise<NewEntry[]> {
    const posted = await tx.$queryRaw<{ uniqueKey: string; contentHash: Uint8Array }[]>`
      SELECT unique_key AS "uniqueKey", content_hash AS "contentHash" FROM journal_entries
      WHERE unique_key = ANY(${entries.map((entry) => entry.uniqueKey)}::text[])`;
    const hashes = new Map(posted.map((row) => [row.uniqueKey, Buffer.from(row.contentHash)]));
    return entries.filter((entry) => {
      const hash = hashes.get(entry.uniqueKey);
      if (hash && !hash.equals(contentHash(entry))) throw new LedgerConflictError(entry.uniqueKey);
      return !hash;
    });
  }
}

/** Over the facts alone: a replay after an upgrade must give the same hash. */
function contentHash(entry: NewEntry): Buffer {
  return createHash('sha256')
    .update(canonicalJson([entry.kind, entry.facts]))
    .digest();
}

/** One text for one meaning: names in order, amounts as strings. */
function canonicalJson(value: Fact): string {
  return JSON.stringify(value, (_name, part: unknown) => {
    if (typeof part === 'bigint') return part.toString();
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
