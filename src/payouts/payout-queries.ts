import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { Payout, PayoutRun } from '@prisma/client';
import { toJsonAmount } from '../common/money.js';
import { Database } from '../database/database.js';
import { csvStream, majorAmount, minorAmount } from '../http/csv.js';
import { pageArgs, toPage, type Page, type PageQuery } from '../http/pagination.js';
import { payoutNotFound, runNotFound } from './payout-errors.js';
import type { PayoutDto, PayoutRunDto, PayoutRunStatus, PayoutsQuery, PayoutStatus } from './payout.dto.js';
import type { SkipReason } from './eligibility/eligibility.js';

/** Payouts that stand: the others' money went back. */
const STANDING = ['pending', 'paid', 'reversed'];

/** Payouts per query of a file. */
const BATCH_SIZE = 1000;

type PayoutFilters = Pick<PayoutsQuery, 'affiliateId' | 'runId' | 'status'>;

/** Reads payouts and runs. */
@Injectable()
export class PayoutQueries {
  constructor(private readonly database: Database) {}

  async listPayouts({ affiliateId, runId, status, ...query }: PayoutFilters & PageQuery): Promise<Page<PayoutDto>> {
    const { where, ...args } = pageArgs(query);
    const rows = await this.database.prisma.payout.findMany({
      ...args,
      where: { ...where, affiliateId, runId, status },
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
      this.allPayouts(filters),
    );
  }

  private async *allPayouts(filters: PayoutFilters): AsyncGenerator<PayoutDto> {
    let cursor: string | undefined;
    do {
      const page: Page<PayoutDto> = await this.listPayouts({ ...filters, limit: BATCH_SIZE, cursor });
      yield* page.data;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
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

  private async presentRuns(rows: PayoutRun[]): Promise<PayoutRunDto[]> {
    const runIds = rows.map((row) => row.id);
    const totals = await this.database.prisma.payout.groupBy({
      by: ['runId', 'currency'],
      where: { runId: { in: runIds }, status: { in: STANDING } },
      _count: true,
      _sum: { amountMinor: true },
      orderBy: [{ currency: 'asc' }],
    });
    const skips = await this.database.prisma.payoutSkip.groupBy({
      by: ['runId', 'reason'],
      where: { runId: { in: runIds } },
      _count: true,
      orderBy: [{ reason: 'asc' }],
    });
    return rows.map((row) => ({
      id: row.id,
      period: row.period,
      status: row.status as PayoutRunStatus,
      dryRun: false,
      totals: totals
        .filter(({ runId }) => runId === row.id)
        .map(({ currency, _count, _sum }) => ({
          currency,
          count: _count,
          amount: toJsonAmount(_sum.amountMinor ?? 0n),
        })),
      skipped: skips
        .filter(({ runId }) => runId === row.id)
        .map(({ reason, _count }) => ({ reason: reason as SkipReason, count: _count })),
      startedAt: row.startedAt.toISOString(),
      finishedAt: row.finishedAt?.toISOString() ?? null,
    }));
  }
}

function presentPayout(payout: Payout, period: string): PayoutDto {
  return {
    id: payout.id,
    affiliateId: payout.affiliateId,
    runId: payout.runId,
    period,
    amount: toJsonAmount(payout.amountMinor),
    amountReversed: toJsonAmount(payout.amountReversedMinor),
    currency: payout.currency,
    status: payout.status as PayoutStatus,
    stripeTransferId: payout.stripeTransferId,
    failureCode: payout.failureCode,
    failureMessage: payout.failureMessage,
    attempts: payout.sends,
    createdAt: payout.createdAt.toISOString(),
    paidAt: payout.paidAt?.toISOString() ?? null,
  };
}
