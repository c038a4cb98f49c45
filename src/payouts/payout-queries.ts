import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { PayoutRun } from '@prisma/client';
import { toJsonAmount } from '../common/money.js';
import { Database } from '../database/database.js';
import { csvStream, majorAmount, minorAmount } from '../http/csv.js';
import { allOf, idsMadeIn } from '../http/list-query.js';
import type { PageQuery } from '../http/page-query.dto.js';
import { pageArgs, toPage, type Page } from '../http/pagination.js';
import { presentPayout } from './payout-presenter.js';
import { payoutNotFound, runNotFound } from './payout-errors.js';
import type {
  PayoutDto,
  PayoutProgressDto,
  PayoutRunDto,
  PayoutsQuery,
  RunDecisionDto,
  RunTotalDto,
} from './payout.dto.js';
import { PAYOUT_STATUSES, type PayoutRunStatus, type PayoutStatus } from './payout-status.js';
import type { SkipReason } from './eligibility/eligibility.js';

/** Payouts that stand: the others' money went back. */
const STANDING = ['pending', 'paid', 'reversed'];

type PayoutFilters = Pick<PayoutsQuery, 'affiliateId' | 'runId' | 'status' | 'currency' | 'from' | 'to'>;

/** Reads payouts and runs. */
@Injectable()
export class PayoutQueries {
  constructor(private readonly database: Database) {}

  async listPayouts(query: PayoutFilters & PageQuery): Promise<Page<PayoutDto>> {
    const { affiliateId, runId, status, currency } = query;
    const { where, ...args } = pageArgs(query);
    const rows = await this.database.prisma.payout.findMany({
      ...args,
      where: { AND: [where, { id: idsMadeIn('payout', query), affiliateId, runId, status, currency }] },
      include: { run: { select: { period: true } } },
    });
    return toPage(rows, query, (row) => presentPayout(row, row.run.period));
  }

  /** Everything that matches as a file, read as it is written: memory does not grow with it. */
  payoutsCsv(filters: PayoutFilters): Readable {
    return csvStream<PayoutDto>(
      {
        id: ({ id }) => id,
        affiliateId: ({ affiliateId }) => affiliateId,
        period: ({ period }) => period,
        status: ({ status }) => status,
        amount: ({ amount, currency }) => majorAmount(BigInt(amount), currency),
        amountReversed: ({ amountReversed, currency }) => majorAmount(BigInt(amountReversed), currency),
        currency: ({ currency }) => currency,
        amountMinor: ({ amount }) => minorAmount(BigInt(amount)),
        stripeTransferId: ({ stripeTransferId }) => stripeTransferId,
        failureCode: ({ failureCode }) => failureCode,
        failureMessage: ({ failureMessage }) => failureMessage,
        createdAt: ({ createdAt }) => createdAt,
        paidAt: ({ paidAt }) => paidAt,
      },
      allOf((page) => this.listPayouts({ ...filters, ...page })),
    );
  }

  /** @throws DomainError `payout_not_found`. */
  async getPayout(id: string): Promise<PayoutDto> {
    const row = await this.database.prisma.payout.findUnique({
      where: { id },
      include: { run: { select: { period: true } } },
    });
    if (!row) throw payoutNotFound(id);
    return presentPayout(row, row.run.period);
  }

  async listRuns(query: PageQuery): Promise<Page<PayoutRunDto>> {
    const rows = await this.database.prisma.payoutRun.findMany(pageArgs(query));
    const presented = new Map((await this.presentRuns(rows)).map((run) => [run.id, run]));
    return toPage(rows, query, (row) => presented.get(row.id) as PayoutRunDto);
  }

  /** @throws DomainError `payout_run_not_found`. */
  async getRun(period: string): Promise<PayoutRunDto> {
    const row = await this.database.prisma.payoutRun.findUnique({ where: { period } });
    const [run] = row ? await this.presentRuns([row]) : [];
    if (!run) throw runNotFound(period);
    return run;
  }

  /** Those of these runs that there are, by id. */
  async runsById(ids: string[]): Promise<Map<string, PayoutRunDto>> {
    const rows = await this.database.prisma.payoutRun.findMany({ where: { id: { in: ids } } });
    return new Map((await this.presentRuns(rows)).map((run) => [run.id, run]));
  }

  /** How a run gets on; null before there is one. */
  async findProgress(period: string): Promise<PayoutProgressDto | null> {
    const run = await this.database.prisma.payoutRun.findUnique({ where: { period }, select: { id: true } });
    return run && progressOf(await this.countPayouts([run.id]));
  }

  private async presentRuns(rows: PayoutRun[]): Promise<PayoutRunDto[]> {
    const runIds = rows.map((row) => row.id);
    const counts = await this.countPayouts(runIds);
    const skips = await this.database.prisma.payoutSkip.groupBy({
      by: ['runId', 'reason'],
      where: { runId: { in: runIds } },
      _count: true,
      orderBy: [{ reason: 'asc' }],
    });
    return rows.map((row) => {
      const own = counts.filter(({ runId }) => runId === row.id);
      return {
        id: row.id,
        period: row.period,
        cutOff: row.cutOff.toISOString(),
        status: row.status as PayoutRunStatus,
        haltedReason: row.haltedReason,
        decision: presentDecision(row),
        progress: progressOf(own),
        dryRun: false,
        totals: totalsOf(own),
        skipped: skips
          .filter(({ runId }) => runId === row.id)
          .map(({ reason, _count }) => ({ reason: reason as SkipReason, count: _count })),
        startedAt: row.startedAt.toISOString(),
        finishedAt: row.finishedAt?.toISOString() ?? null,
      };
    });
  }

  private async countPayouts(runIds: string[]): Promise<PayoutCount[]> {
    const groups = await this.database.prisma.payout.groupBy({
      by: ['runId', 'currency', 'status'],
      where: { runId: { in: runIds } },
      _count: true,
      _sum: { amountMinor: true },
      orderBy: [{ currency: 'asc' }],
    });
    return groups.map(({ runId, currency, status, _count, _sum }) => ({
      runId,
      currency,
      status: status as PayoutStatus,
      count: _count,
      amountMinor: _sum.amountMinor ?? 0n,
    }));
  }
}

interface PayoutCount {
  runId: string;
  currency: string;
  status: PayoutStatus;
  count: number;
  amountMinor: bigint;
}

function totalsOf(counts: PayoutCount[]): RunTotalDto[] {
  const standing = counts.filter(({ status }) => STANDING.includes(status));
  return [...new Set(standing.map(({ currency }) => currency))].map((currency) => {
    const own = standing.filter((count) => count.currency === currency);
    return {
      currency,
      count: own.reduce((sum, { count }) => sum + count, 0),
      amount: toJsonAmount(own.reduce((sum, { amountMinor }) => sum + amountMinor, 0n)),
    };
  });
}

function progressOf(counts: PayoutCount[]): PayoutProgressDto {
  const sum = (...statuses: PayoutStatus[]): number =>
    counts.filter(({ status }) => statuses.includes(status)).reduce((total, { count }) => total + count, 0);
  return {
    payouts: sum(...PAYOUT_STATUSES),
    pending: sum('pending'),
    paid: sum('paid', 'reversed'),
    failed: sum('failed'),
    canceled: sum('canceled'),
  };
}

function presentDecision({ decision, decidedBy, decidedAt, decisionReason }: PayoutRun): RunDecisionDto | null {
  if (decision === null || decidedBy === null || decidedAt === null) return null;
  return {
    made: decision === 'canceled' ? 'canceled' : 'approved',
    by: decidedBy,
    at: decidedAt.toISOString(),
    reason: decisionReason,
  };
}
