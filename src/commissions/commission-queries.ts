import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
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
import { newestCommissions, type CommissionFilters } from './commission-list.js';
import { selectCommissions, type CommissionRow } from './commission-state.js';
import type { BalancesDto, CommissionDto } from './commission.dto.js';

/** Reads commissions, balances and earnings. A commission has no status column: its state follows from the ledger. */
@Injectable()
export class CommissionQueries extends ReferralEarnings {
  constructor(private readonly database: Database) {
    super();
  }

  /** @throws DomainError `commission_not_found`, also when it belongs to an affiliate other than the named one. */
  async get(id: string, affiliateId?: string): Promise<CommissionDto> {
    const [found] = await this.select([id]);
    if (!found || (affiliateId !== undefined && found.affiliateId !== affiliateId))
      throw new DomainError('not_found', 'commission_not_found', `There is no commission ${id}.`, { id });
    return found;
  }

  /** Those of these commissions that there are, by id. */
  async getMany(ids: string[]): Promise<Map<string, CommissionDto>> {
    if (ids.length === 0) return new Map();
    const found = await this.select(ids);
    return new Map(found.map((commission) => [commission.id, commission]));
  }

  /** What these commissions are worth now and in which state, by id, without the working behind it. */
  async statesOf(ids: string[]): Promise<Map<string, Pick<CommissionDto, 'state' | 'netAmount'>>> {
    const rows = await this.database.sqlSnapshot((tx) => selectCommissions(tx, ids));
    return new Map(rows.map((row) => [row.id, snapshotOf(row)]));
  }

  async list(query: CommissionFilters & PageQuery): Promise<Page<CommissionDto>> {
    const found = await this.database.snapshot(async (tx) => explained(tx, await newestCommissions(tx, query)));
    return toPage(found, query, (commission) => commission);
  }

  /** Everything that matches as a file, read as it is written: memory does not grow with it. */
  csv(filters: CommissionFilters): Readable {
    return commissionsCsv(allOf((page) => this.linesOfFile({ ...filters, ...page })));
  }

  private async linesOfFile(query: CommissionFilters & PageQuery): Promise<Page<CommissionLine>> {
    const found = await this.database.sqlSnapshot(async (tx) => {
      const rows = await newestCommissions(tx, query);
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
  private select(ids: string[]): Promise<CommissionDto[]> {
    return this.database.snapshot(async (tx) => explained(tx, await selectCommissions(tx, ids)));
  }
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
