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
import type { PayoutRunStatus, PayoutStatus } from './payout-status.js';
import { OUTCOME_OF_RUN, type RunOutcome } from './runs/run-outcome.js';

/** Payouts that stand: the others' money went back. */
const STANDING: ReadonlySet<PayoutStatus> = new Set(['pending', 'paid']);

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
    const outcome = run && (await this.outcomesOf([run.id])).get(run.id);
    return outcome ? progressOf(outcome) : null;
  }

  private async presentRuns(rows: PayoutRun[]): Promise<PayoutRunDto[]> {
    const outcomes = await this.outcomesOf(rows.map(({ id }) => id));
    return rows.map((row) => {
      const outcome = outcomes.get(row.id) ?? { payouts: [], skips: [] };
      return {
        id: row.id,
        period: row.period,
        cutOff: row.cutOff.toISOString(),
        status: row.status as PayoutRunStatus,
        haltedReason: row.haltedReason,
        decision: presentDecision(row),
        progress: progressOf(outcome),
        dryRun: false,
        totals: totalsOf(outcome),
        skipped: outcome.skips,
        startedAt: row.startedAt.toISOString(),
        finishedAt: row.finishedAt?.toISOString() ?? null,
      };
    });
  }

  private async outcomesOf(runIds: string[]): Promise<Map<string, RunOutcome>> {
    const rows = await this.database.prisma.$queryRaw<{ id: string; outcome: RunOutcome }[]>`
      SELECT r.id, ${OUTCOME_OF_RUN} AS outcome FROM payout_runs r WHERE r.id = ANY(${runIds}::text[])`;
    return new Map(rows.map(({ id, outcome }) => [id, outcome]));
  }
}

function totalsOf({ payouts }: RunOutcome): RunTotalDto[] {
  const standing = payouts.filter(({ status }) => STANDING.has(status));
  return [...new Set(standing.map(({ currency }) => currency))].map((currency) => {
    const own = standing.filter((payout) => payout.currency === currency);
    return {
      currency,
      count: own.reduce((sum, { count }) => sum + count, 0),
      amount: toJsonAmount(own.reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), 0n)),
    };
  });
}

function progressOf({ payouts }: RunOutcome): PayoutProgressDto {
  const sum = (wanted?: PayoutStatus): number =>
    payouts
      .filter(({ status }) => wanted === undefined || status === wanted)
      .reduce((all, { count }) => all + count, 0);
  return {
    payouts: sum(),
    pending: sum('pending'),
    paid: sum('paid'),
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
