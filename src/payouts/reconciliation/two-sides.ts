import { Injectable } from '@nestjs/common';
import { Prisma } from '@prisma/client';
import { Database, type Tx } from '../../database/database.js';
import { liftTimeLimit } from '../../database/time-limit.js';
import type { KnownPayout, PayoutSides } from './compare-payout.js';
import type { ListedTransfer } from './transfer-reader.js';

/** What both sides come to in one currency, in minor units. */
export interface CurrencySum {
  currency: string;
  transfers: number;
  sentMinor: bigint;
  reversedMinor: bigint;
  /** What the journal's entries of these payouts sum to in *paid out*. */
  paidMinor: bigint;
}

export interface Comparison {
  transferCount: number;
  payoutCount: number;
  sums: CurrencySum[];
  /** *Paid out* of all balances, which should be no more than what belongs to payouts. */
  balances: { currency: string; paidMinor: bigint }[];
  /** Payouts of which the two sides do not say the same, at most as many as were asked for. */
  suspects: string[];
  suspectCount: number;
}

/** What was listed at Stripe beside what the ledger says, as one statement over all of it. */
@Injectable()
export class TwoSides {
  constructor(private readonly database: Database) {}

  async add(reconciliationId: string, transfers: ListedTransfer[]): Promise<void> {
    await this.database.prisma.reconciliationTransfer.createMany({
      data: transfers.map(({ transferId: id, createdAt: _created, reversedAt: _reversed, ...transfer }) => ({
        ...transfer,
        reconciliationId,
        id,
      })),
      skipDuplicates: true,
    });
  }

  async clear(reconciliationIds: string[]): Promise<void> {
    await this.database.prisma.reconciliationTransfer.deleteMany({
      where: { reconciliationId: { in: reconciliationIds } },
    });
  }

  /**
   * Compares on one state of the database. Takes the payouts made since a moment, and all that have a listed transfer
   * or, without a moment, an entry in the journal.
   */
  compare(reconciliationId: string, since: Date | null, suspectsMax: number): Promise<Comparison> {
    return this.database.snapshot(async (tx) => {
      await liftTimeLimit(tx);
      const sides = sidesOf(reconciliationId, since);
      const [counted] = await tx.$queryRaw<{ payoutCount: number; suspectCount: number; suspects: string[] }[]>`
        WITH ${sides}, suspect AS (SELECT payout_id FROM sides WHERE NOT ${AGREES})
        SELECT (SELECT count(*)::int FROM sides) AS "payoutCount", (SELECT count(*)::int FROM suspect) AS "suspectCount",
               ARRAY(SELECT payout_id FROM suspect ORDER BY payout_id LIMIT ${suspectsMax}) AS suspects`;
      const sums = await tx.$queryRaw<CurrencySum[]>`
        WITH ${sides}
        SELECT currency, sum(transfers)::int AS transfers, sum(sent)::bigint AS "sentMinor", sum(reversed)::bigint AS "reversedMinor",
               sum(paid)::bigint AS "paidMinor"
        FROM (
          SELECT currency, 1 AS transfers, amount_minor AS sent, amount_reversed_minor AS reversed, 0 AS paid FROM listed
          UNION ALL SELECT currency, 0, 0, 0, paid FROM journal
        ) both_sides GROUP BY currency ORDER BY currency`;
      const balances = await tx.$queryRaw<Comparison['balances']>`
        SELECT currency, sum(paid_out_minor)::bigint AS "paidMinor" FROM balances GROUP BY currency ORDER BY currency`;
      const transferCount = sums.reduce((count, { transfers }) => count + transfers, 0);
      return { transferCount, sums, balances, ...(counted ?? { payoutCount: 0, suspectCount: 0, suspects: [] }) };
    });
  }

  /** Our side of one payout, as it is now. */
  async find(payoutId: string): Promise<Pick<PayoutSides, 'payout' | 'journal'>> {
    return this.database.snapshot(async (tx) => ({
      payout: await findPayout(tx, payoutId),
      journal: await tx.$queryRaw<PayoutSides['journal']>`
        SELECT p.currency, sum(p.amount_minor)::bigint AS "paidMinor"
        FROM journal_entries e JOIN postings p ON p.entry_id = e.id AND p.account = 'paid_out'
        WHERE e.payout_id = ${payoutId} GROUP BY p.currency ORDER BY p.currency`,
    }));
  }

  /** The listed transfers that were taken for this payout's. */
  async listedIds(reconciliationId: string, payoutId: string): Promise<string[]> {
    const rows = await this.database.prisma.reconciliationTransfer.findMany({
      where: { reconciliationId, payoutId },
      select: { id: true },
    });
    return rows.map(({ id }) => id);
  }
}

function findPayout(tx: Tx, id: string): Promise<KnownPayout | null> {
  return tx.payout.findUnique({
    where: { id },
    select: {
      id: true,
      affiliateId: true,
      status: true,
      currency: true,
      amountMinor: true,
      amountReversedMinor: true,
      destination: true,
      stripeTransferId: true,
    },
  });
}

/** `sides`: every payout with its row, its journal and its transfers, whichever of the three are there. */
function sidesOf(reconciliationId: string, since: Date | null): Prisma.Sql {
  const made = since ? Prisma.sql`created_at >= ${since}` : Prisma.sql`TRUE`;
  const journalled = since
    ? Prisma.empty
    : Prisma.sql`UNION SELECT payout_id FROM journal_entries WHERE kind = 'payout_paid'`;
  return Prisma.sql`
    listed AS (SELECT * FROM reconciliation_transfers WHERE reconciliation_id = ${reconciliationId}),
    wanted AS (SELECT id AS payout_id FROM payouts WHERE ${made} UNION SELECT payout_id FROM listed ${journalled}),
    journal AS (
      SELECT e.payout_id, p.currency, sum(p.amount_minor) AS paid
      FROM journal_entries e JOIN postings p ON p.entry_id = e.id AND p.account = 'paid_out'
      WHERE e.payout_id IN (SELECT payout_id FROM wanted) GROUP BY e.payout_id, p.currency
    ),
    grouped AS (
      SELECT payout_id, count(*) FILTER (WHERE amount_minor > amount_reversed_minor) AS outstanding,
             bool_and(reversals_minor = amount_reversed_minor) AS complete
      FROM listed GROUP BY payout_id
    ),
    sides AS (
      SELECT w.payout_id, po.status, po.amount_minor, po.amount_reversed_minor, po.currency, po.destination,
             own.id AS own_id, own.amount_minor AS own_minor, own.amount_reversed_minor AS own_reversed_minor,
             own.currency AS own_currency, own.destination AS own_destination,
             coalesce(g.outstanding, 0) AS outstanding, coalesce(g.complete, TRUE) AS complete,
             coalesce(j.paid, 0) AS paid, coalesce(j.currencies, 0) AS currencies, j.currency AS paid_currency
      FROM wanted w
      LEFT JOIN payouts po ON po.id = w.payout_id
      LEFT JOIN listed own ON own.id = po.stripe_transfer_id AND own.payout_id = po.id
      LEFT JOIN grouped g ON g.payout_id = w.payout_id
      LEFT JOIN (
        SELECT payout_id, sum(paid) AS paid, count(*) FILTER (WHERE paid <> 0) AS currencies, min(currency) AS currency
        FROM journal GROUP BY payout_id
      ) j ON j.payout_id = w.payout_id
    )`;
}

/**
 * Whether nothing can be found about a row of `sides` (see comparePayout): either it is paid, by its own transfer as it
 * is at Stripe, and nothing else of its group is out; or nothing is out at all.
 */
const AGREES = Prisma.sql`(complete AND CASE
  WHEN status IN ('paid', 'reversed') THEN coalesce(
    (own_minor, own_reversed_minor, own_currency, own_destination) = (amount_minor, amount_reversed_minor, currency, destination)
    AND outstanding = CASE WHEN own_minor > own_reversed_minor THEN 1 ELSE 0 END
    AND paid = amount_minor - amount_reversed_minor AND currencies <= 1 AND coalesce(paid_currency, currency) = currency, FALSE)
  ELSE outstanding = 0 AND currencies = 0 END)`;
