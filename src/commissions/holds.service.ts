import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { Prisma } from '@prisma/client';
import { Clock } from '../common/clock.js';
import { Database } from '../database/database.js';
import { workInLanes } from '../database/lanes.js';
import { planByIndex } from '../database/plan-by-index.js';
import type { SqlTx } from '../database/sql-transaction.js';
import { hasHoldingCase } from '../fraud/holding-cases.js';
import { CommissionEvents, type ReleasedCommission } from './commission-events.js';
import { balanceKey, lockBalances } from './ledger/balances.js';
import { Ledger, type NewEntry } from './ledger/ledger.js';
import { IS_ITEM_OF_LINE, lineOf } from './payout-lines.js';

/** Holds that are read at once. */
const WINDOW_SIZE = 2_000;
/** Of them, those released in one transaction: enough to make each statement worth its round trip. */
const BATCH_SIZE = 250;
/** Transactions at the same time. */
const LANES = 2;

interface Hold {
  commissionId: string;
  affiliateId: string;
  currency: string;
}

interface DueHold extends Hold {
  availableAt: Date;
}

interface ReleasedHold extends DueHold, ReleasedCommission {
  commissionId: string;
  /** How many entries the commission has: numbers the next one. */
  entries: number;
  heldMinor: bigint;
}

/** Makes held commissions payable once nothing holds them any more, and holds back what a payout gave back too early. */
@Injectable()
export class HoldsService {
  private readonly logger = new Logger(HoldsService.name);

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly events: CommissionEvents,
  ) {}

  /** What is due now, each minute on every instance: two at once release each commission once. */
  @Cron(CronExpression.EVERY_MINUTE)
  async releaseDueNow(): Promise<void> {
    try {
      await this.releaseDue(this.clock.now());
    } catch (error) {
      this.logger.error({ message: 'holds could not be released; tried again within a minute', error: String(error) });
    }
  }

  /**
   * Releases every commission whose `availableAt` has come by `asOf`, in batches of one transaction each, the oldest some
   * thousands first. Safe to run at any time and twice at once: a batch locks the balances first and takes only holds
   * that are still there. Each time reading goes on where it ended, so that those that a case or an inquiry keeps are
   * looked at once, however many they are.
   *
   * @returns how many commissions were released.
   */
  async releaseDue(asOf: Date): Promise<number> {
    let released = 0;
    let after: Pick<DueHold, 'availableAt' | 'commissionId'> = { availableAt: new Date(0), commissionId: '' };
    for (;;) {
      const due = await this.database.prisma.$queryRaw<DueHold[]>`
        SELECT commission_id AS "commissionId", affiliate_id AS "affiliateId", currency, available_at AS "availableAt"
        FROM commission_holds h
        WHERE ${releasable(asOf)} AND (available_at, commission_id) > (${after.availableAt}, ${after.commissionId})
        ORDER BY available_at, commission_id LIMIT ${WINDOW_SIZE}`;
      const last = due.at(-1);
      if (!last) return released;
      const batches = byBalance(due);
      await workInLanes(
        LANES,
        () => Promise.resolve(batches.shift() ?? null),
        async (batch) => {
          const count = await this.database.sqlTransaction((tx) => this.releaseBatch(tx, batch, asOf));
          released += count;
          return true;
        },
      );
      after = last;
    }
  }

  private async releaseBatch(tx: SqlTx, batch: DueHold[], asOf: Date): Promise<number> {
    // The batch itself makes the tables grow that it reads, by statistics from before.
    await planByIndex(tx);
    await lockBalances(tx, batch);
    return this.release(
      tx,
      batch.map(({ commissionId }) => commissionId),
      asOf,
    );
  }

  /**
   * Releases those of the named commissions that nothing holds any more. The caller has locked their balances.
   *
   * @returns how many were released.
   */
  async release(tx: SqlTx, commissionIds: string[], asOf: Date): Promise<number> {
    if (commissionIds.length === 0) return 0;
    const taken = await tx.$queryRaw<ReleasedHold[]>`
      WITH taken AS (
        DELETE FROM commission_holds h WHERE commission_id = ANY(${commissionIds}::text[]) AND ${releasable(asOf)}
        RETURNING commission_id, affiliate_id, currency, available_at
      )
      SELECT t.commission_id AS "commissionId", t.affiliate_id AS "affiliateId", t.currency, t.available_at AS "availableAt",
             c.referral_id AS "referralId", c.invoice_id AS "invoiceId", c.amount_minor AS "amountMinor",
             c.created_at AS "createdAt", count(DISTINCT e.id)::int AS entries,
             coalesce(sum(p.amount_minor) FILTER (WHERE p.account = 'held'), 0)::bigint AS "heldMinor",
             coalesce(-sum(p.amount_minor) FILTER (WHERE p.account = 'commission_expense'), 0)::bigint AS "netMinor",
             coalesce(bool_or(p.account = 'payable'), false) AS "wasPayable"
      FROM taken t
      JOIN commissions c ON c.id = t.commission_id
      LEFT JOIN journal_entries e ON e.commission_id = t.commission_id
      LEFT JOIN postings p ON p.entry_id = e.id
      GROUP BY t.commission_id, t.affiliate_id, t.currency, t.available_at, c.id`;
    const released = taken.filter(({ heldMinor }) => heldMinor > 0n);
    await this.ledger.post(tx, released.map(releasedEntry));
    await this.events.released(tx, released);
    return taken.length;
  }

  /**
   * Holds back what payouts gave back of commissions whose inquiry is open: while they were in the payout they could
   * not be held. One that another payout has taken, and of which this one only held a correction, stays as it is (see
   * correctionOf). The caller has locked the balances, released the lines and posted the returns.
   */
  async holdInquired(tx: SqlTx, payoutIds: string[]): Promise<void> {
    const rows = await tx.$queryRaw<(Hold & { payoutId: string; entries: number; payableMinor: bigint })[]>`
      WITH returned AS (
        SELECT lined.commission_id, min(l.payout_id) AS payout_id FROM payout_lines l
        JOIN postings p ON ${IS_ITEM_OF_LINE}
        JOIN journal_entries lined ON lined.id = p.entry_id
        WHERE l.payout_id = ANY(${payoutIds}::text[]) AND l.released_at IS NOT NULL
        GROUP BY lined.commission_id
      )
      SELECT h.commission_id AS "commissionId", h.affiliate_id AS "affiliateId", h.currency, r.payout_id AS "payoutId",
             count(DISTINCT e.id)::int AS entries,
             coalesce(sum(p.amount_minor) FILTER (WHERE p.account = 'payable'), 0)::bigint AS "payableMinor"
      FROM returned r
      CROSS JOIN LATERAL (
        SELECT * FROM commission_holds c WHERE c.commission_id = r.commission_id AND c.inquiry_open OFFSET 0
      ) h
      JOIN journal_entries e ON e.commission_id = h.commission_id
      JOIN postings p ON p.entry_id = e.id
      GROUP BY h.commission_id, h.affiliate_id, h.currency, r.payout_id
      HAVING NOT bool_or(p.account = 'payable' AND p.amount_minor > 0 AND EXISTS (${lineOf('p', 'p.seq')}))`;
    await this.ledger.post(
      tx,
      rows
        .filter(({ payableMinor }) => payableMinor > 0n)
        .map(({ commissionId, payoutId, affiliateId, currency, entries, payableMinor }) => ({
          kind: 'commission_held' as const,
          uniqueKey: `held:${commissionId}:${entries + 1}`,
          facts: { commissionId, payoutId },
          affiliateId,
          currency,
          from: 'payable' as const,
          to: 'held' as const,
          amountMinor: payableMinor,
          occurredAt: this.clock.now(),
          commissionId,
        })),
    );
  }
}

/** What is held becomes payable, and did so when its time had come. */
export function releasedEntry(
  hold: Pick<ReleasedHold, 'commissionId' | 'affiliateId' | 'currency' | 'availableAt' | 'heldMinor' | 'entries'>,
): NewEntry {
  const { commissionId, affiliateId, currency, availableAt, heldMinor, entries } = hold;
  return {
    kind: 'commission_released',
    uniqueKey: `released:${commissionId}:${entries + 1}`,
    facts: { commissionId, availableAt: availableAt.toISOString() },
    affiliateId,
    currency,
    from: 'held',
    to: 'payable',
    amountMinor: heldMinor,
    occurredAt: availableAt,
    commissionId,
  };
}

/** Batches that share few balances, which each of them locks and writes: otherwise they would wait for each other. */
function byBalance(due: DueHold[]): DueHold[][] {
  const sorted = due
    .map((hold) => ({ hold, key: balanceKey(hold) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ hold }) => hold);
  const batches: DueHold[][] = [];
  for (let start = 0; start < sorted.length; start += BATCH_SIZE) batches.push(sorted.slice(start, start + BATCH_SIZE));
  return batches;
}

/** The holds `h` that will have run out at `asOf`, and that neither an inquiry nor a review case keeps. */
export function releasable(asOf: Date): Prisma.Sql {
  return Prisma.sql`${hasRunOut(asOf)} AND NOT ${hasHoldingCase(Prisma.sql`h.affiliate_id`)}`;
}

/** The same for who asks once for all holds of an affiliate whether a review case keeps them. */
export function hasRunOut(asOf: Date): Prisma.Sql {
  return Prisma.sql`h.available_at <= ${asOf} AND NOT h.inquiry_open`;
}
