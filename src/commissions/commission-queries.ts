import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { Prisma } from '@prisma/client';
import { DomainError } from '../common/domain-error.js';
import { toJsonAmount } from '../common/money.js';
import { Database, type Tx } from '../database/database.js';
import type { SqlTx } from '../database/sql-transaction.js';
import { allOf } from '../http/list-query.js';
import type { PageQuery } from '../http/page-query.dto.js';
import { toPage, type Page } from '../http/pagination.js';
import { ReferralEarnings } from '../referrals/referral-earnings.js';
import { commissionsCsv, type CommissionLine } from './commissions-csv.js';
import {
  amountFormula,
  explainCommission,
  type CalculatedCommission,
  type Standing,
} from './commission-explanation.js';
import { snapshotOf } from './commission-snapshot.js';
import { loadStandings, loadStories, type Story } from './commission-stories.js';
import { lineOf } from './payout-lines.js';
import { PAYOUT_NOW } from './payout-way.js';
import { mayHaveState } from './state-candidates.js';
import { paidWithin } from './paid-within.js';
import type { InvoicePart } from './settlement/targets.js';
import type { BalancesDto, CommissionDto, CommissionsQuery, CommissionState } from './commission.dto.js';

interface CommissionRow {
  id: string;
  affiliateId: string;
  referralId: string;
  invoiceId: string;
  part: InvoicePart;
  currency: string;
  amountMinor: bigint;
  netMinor: bigint;
  state: CommissionState;
  invoiceAmountPaidMinor: bigint;
  invoiceTotalMinor: bigint;
  invoiceNetTotalMinor: bigint | null;
  baseMinor: bigint;
  rateBps: number;
  rateSource: 'affiliate' | 'plan';
  planVersionId: string;
  availableAt: Date;
  createdAt: Date;
  payoutId: string | null;
  paidAt: Date | null;
}

type CommissionFilters = Omit<CommissionsQuery, 'format' | keyof PageQuery>;

/** Reads commissions, balances and earnings. A commission has no status column: its state follows from the ledger. */
@Injectable()
export class CommissionQueries extends ReferralEarnings {
  constructor(private readonly database: Database) {
    super();
  }

  /** @throws DomainError `commission_not_found`, also when it belongs to an affiliate other than the named one. */
  async get(id: string, affiliateId?: string): Promise<CommissionDto> {
    const owner = affiliateId ? Prisma.sql`AND c.affiliate_id = ${affiliateId}` : Prisma.empty;
    const [found] = await this.select(Prisma.sql`c.id = ${id} ${owner}`, Prisma.sql`TRUE`, 1);
    if (!found) throw new DomainError('not_found', 'commission_not_found', `There is no commission ${id}.`, { id });
    return found;
  }

  /** Those of these commissions that there are, by id. */
  async getMany(ids: string[]): Promise<Map<string, CommissionDto>> {
    if (ids.length === 0) return new Map();
    const found = await this.select(Prisma.sql`c.id = ANY(${ids}::text[])`, Prisma.sql`TRUE`, ids.length);
    return new Map(found.map((commission) => [commission.id, commission]));
  }

  /** What these commissions are worth now and in which state, by id, without the working behind it. */
  async statesOf(ids: string[]): Promise<Map<string, Pick<CommissionDto, 'state' | 'netAmount'>>> {
    const rows = await this.database.sqlSnapshot((tx) => selectCommissions(tx, ids));
    return new Map(rows.map((row) => [row.id, snapshotOf(row)]));
  }

  async list(query: CommissionFilters & PageQuery): Promise<Page<CommissionDto>> {
    const found = await this.database.snapshot(async (tx) => explained(tx, await selectPage(tx, query)));
    return toPage(found, query, (commission) => commission);
  }

  /** Everything that matches as a file, read as it is written: memory does not grow with it. */
  csv(filters: CommissionFilters): Readable {
    return commissionsCsv(allOf((page) => this.linesOfFile({ ...filters, ...page })));
  }

  private async linesOfFile(query: CommissionFilters & PageQuery): Promise<Page<CommissionLine>> {
    const found = await this.database.sqlSnapshot(async (tx) => {
      const rows = await selectPage(tx, query);
      const standings = await loadStandings(tx, rows);
      return rows.map((row) => lineOfFile(row, standings.get(row.id)));
    });
    return toPage(found, query, (line) => line);
  }

  async balances(affiliateId: string): Promise<BalancesDto> {
    const rows = await this.database.prisma.balance.findMany({ where: { affiliateId }, orderBy: { currency: 'asc' } });
    return {
      balances: rows.map((row) => ({
        currency: row.currency,
        held: toJsonAmount(row.heldMinor),
        payable: toJsonAmount(row.payableMinor),
        inPayout: toJsonAmount(row.inPayoutMinor),
        paid: toJsonAmount(row.paidOutMinor),
        lifetimeEarned: toJsonAmount(row.lifetimeEarnedMinor),
      })),
    };
  }

  override async lifetimeEarnedMinor(
    referralIds: string[],
    tx: SqlTx = this.database.prisma,
  ): Promise<Map<string, bigint>> {
    if (referralIds.length === 0) return new Map();
    const rows = await tx.$queryRaw<{ referralId: string; earnedMinor: bigint }[]>`
      SELECT r.id AS "referralId", s.earned_minor AS "earnedMinor"
      FROM referrals r JOIN referral_earnings s ON s.referral_id = r.id AND s.currency = r.currency
      WHERE r.id = ANY(${referralIds}::text[])`;
    return new Map(rows.map((row) => [row.referralId, row.earnedMinor]));
  }

  /** On one state of the database: an explanation must not tell of a refund that the amount beside it lacks. */
  private select(where: Prisma.Sql, state: Prisma.Sql, limit: number): Promise<CommissionDto[]> {
    return this.database.snapshot(async (tx) => explained(tx, await selectRows(tx, where, state, limit)));
  }
}

/** A page of those that match, newest first, and one more where there is one. */
async function selectPage(tx: SqlTx, query: CommissionFilters & PageQuery): Promise<CommissionRow[]> {
  const filters = [Prisma.sql`TRUE`];
  if (query.cursor) filters.push(Prisma.sql`c.id < ${query.cursor}`);
  if (query.affiliateId) filters.push(Prisma.sql`c.affiliate_id = ${query.affiliateId}`);
  if (query.currency) filters.push(Prisma.sql`c.currency = ${query.currency}`);
  if (query.referralId) filters.push(Prisma.sql`c.referral_id = ${query.referralId}`);
  if (query.state) filters.push(await mayHaveState(tx, query.state, query.affiliateId));
  const state = query.state ? Prisma.sql`state = ${query.state}` : Prisma.sql`TRUE`;
  const rows: CommissionRow[] = [];
  for (const part of paidWithin(query)) {
    const left = query.limit + 1 - rows.length;
    if (left > 0) rows.push(...(await selectRows(tx, Prisma.join([...filters, part], ' AND '), state, left)));
  }
  return rows;
}

/**
 * money.md, "Reserve": a commission's state follows from its net (0 → reversed), the balance it lies in, and the
 * payout of its first payable posting's live line. Where that payout's transfer was reversed whole, the money goes the
 * way of what was posted back: payable again, and then in the payout that takes it.
 */
function selectRows(tx: SqlTx, where: Prisma.Sql, state: Prisma.Sql, limit: number): Promise<CommissionRow[]> {
  return tx.$queryRaw<CommissionRow[]>`
      SELECT * FROM (
        SELECT c.id, c.affiliate_id AS "affiliateId", c.referral_id AS "referralId", c.invoice_id AS "invoiceId", c.part, c.currency,
               c.amount_minor AS "amountMinor", l.net AS "netMinor",
               CASE WHEN l.net = 0 THEN 'reversed' WHEN l.held > 0 THEN 'held' WHEN po.status = 'paid' THEN 'paid'
                    WHEN po.status = 'pending' THEN 'in_payout' ELSE 'payable' END AS state,
               c.invoice_amount_paid_minor AS "invoiceAmountPaidMinor", c.invoice_total_minor AS "invoiceTotalMinor",
               c.invoice_net_total_minor AS "invoiceNetTotalMinor", c.base_minor AS "baseMinor", c.rate_bps AS "rateBps", c.rate_source AS "rateSource",
               c.plan_version_id AS "planVersionId", c.available_at AS "availableAt", c.created_at AS "createdAt",
               po.id AS "payoutId", po.paid_at AS "paidAt"
        FROM commissions c
        CROSS JOIN LATERAL (
          SELECT coalesce(-sum(p.amount_minor) FILTER (WHERE p.account = 'commission_expense'), 0)::bigint AS net,
                 coalesce(sum(p.amount_minor) FILTER (WHERE p.account = 'held'), 0)::bigint AS held,
                 min(p.seq) FILTER (WHERE p.account = 'payable' AND p.amount_minor > 0) AS payable_seq
          FROM journal_entries e JOIN postings p ON p.entry_id = e.id
          WHERE e.commission_id = c.id
        ) l
        LEFT JOIN LATERAL (${lineOf('c', 'l.payable_seq')}) line ON TRUE
        LEFT JOIN payouts first ON first.id = line.payout_id
        LEFT JOIN LATERAL (
          ${PAYOUT_NOW}
        ) later ON first.status = 'reversed'
        LEFT JOIN payouts po ON po.id = coalesce(later.id, first.id) AND po.status <> 'reversed'
        WHERE ${where}
      ) commission
      WHERE ${state}
      ORDER BY id DESC
      LIMIT ${limit}`;
}

/** These commissions as they are in this transaction, without their explanations. */
export function selectCommissions(tx: SqlTx, ids: string[]): Promise<CommissionRow[]> {
  return selectRows(tx, Prisma.sql`c.id = ANY(${ids}::text[])`, Prisma.sql`TRUE`, ids.length);
}

async function explained(tx: Tx, rows: CommissionRow[]): Promise<CommissionDto[]> {
  const stories = await loadStories(tx, rows);
  return rows.map((row) => present(row, stories.get(row.id)));
}

function present(row: CommissionRow, story: Story | undefined): CommissionDto {
  if (!story) throw new Error(`commission ${row.id} has no entry in the journal, or no invoice`);
  const { part, rateSource, planVersionId } = row;
  return {
    ...snapshotOf(row),
    explanation: explainCommission({ ...calculatedWith(row), part, rateSource, planVersionId, ...story }),
  };
}

function lineOfFile(row: CommissionRow, standing: Standing | undefined): CommissionLine {
  if (!standing) throw new Error(`commission ${row.id} has no invoice`);
  return { ...snapshotOf(row), rateBps: row.rateBps, formula: amountFormula(calculatedWith(row), standing) };
}

function calculatedWith(row: CommissionRow): CalculatedCommission {
  return {
    invoice: {
      id: row.invoiceId,
      currency: row.currency,
      amountPaidMinor: row.invoiceAmountPaidMinor,
      totalMinor: row.invoiceTotalMinor,
      totalExcludingTaxMinor: row.invoiceNetTotalMinor,
    },
    baseMinor: row.baseMinor,
    rateBps: row.rateBps,
  };
}
