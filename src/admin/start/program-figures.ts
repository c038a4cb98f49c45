import { Injectable } from '@nestjs/common';
import { Prisma } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { firstIdAt } from '../../common/ids.js';
import { Database } from '../../database/database.js';
import { OUTCOME_OF_RUN } from '../../payouts/runs/run-outcome.js';
import type { ProgramFigures } from './start-page.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const DAYS_SHOWN = 30;
const RUNS_SHOWN = 6;

/** The figures walk through a month of everything: asked for by many, they are worked out once a minute. */
const REMEMBERED_MS = 60_000;
/** Where that takes longer, the page does without charts rather than the database without breath. */
const READ_TIMEOUT_MS = 5000;

interface DayRow {
  day: string;
  figure: string;
  currency?: string;
}

/** Sums come as text. */
interface PayoutRow {
  period: string;
  currency: string;
  paid: string;
  pending: string;
  failed: string;
}

/** How the program has been doing, for the charts of the start page. */
@Injectable()
export class ProgramFiguresReader {
  private remembered: { figures: Promise<ProgramFigures>; atMs: number } | null = null;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Up to a minute old. */
  async read(): Promise<ProgramFigures> {
    const nowMs = this.clock.now().getTime();
    if (this.remembered && nowMs - this.remembered.atMs < REMEMBERED_MS) return this.remembered.figures;
    const remembered = { figures: this.work(nowMs), atMs: nowMs };
    this.remembered = remembered;
    try {
      return await remembered.figures;
    } catch (error) {
      this.remembered = null;
      throw error;
    }
  }

  private async work(nowMs: number): Promise<ProgramFigures> {
    const first = new Date(Math.floor(nowMs / DAY_MS) * DAY_MS - (DAYS_SHOWN - 1) * DAY_MS);
    const days = Array.from({ length: DAYS_SHOWN }, (_, index) => dayOf(new Date(first.getTime() + index * DAY_MS)));
    const client = await this.database.connectToRead();
    try {
      await client.query(`BEGIN READ ONLY; SET LOCAL statement_timeout = ${READ_TIMEOUT_MS}`);
      const rows = async (sql: string, values: unknown[]): Promise<DayRow[]> =>
        (await client.query<DayRow>(sql, values)).rows;
      const series = (found: DayRow[]): number[] => {
        const byDay = new Map(found.map(({ day, figure }) => [day, Number(figure)]));
        return days.map((day) => byDay.get(day) ?? 0);
      };
      const clicks = series(await rows(CLICKS, [first]));
      const signups = series(await rows(SIGNUPS, [first]));
      const conversions = series(await rows(CONVERSIONS, [first]));
      const earned = await rows(COMMISSIONS, [firstIdAt('commission', first)]);
      const currencies = [...new Set(earned.map(({ currency = '' }) => currency))];
      const commissions = currencies.map((currency) => ({
        currency,
        amounts: series(earned.filter((row) => row.currency === currency)),
      }));
      const { rows: payouts } = await client.query<PayoutRow>(PAYOUTS.text, PAYOUTS.values);
      await client.query('COMMIT');
      return {
        days,
        clicks,
        signups,
        conversions,
        commissions,
        payouts: payouts.map((row) => ({
          ...row,
          paid: Number(row.paid),
          pending: Number(row.pending),
          failed: Number(row.failed),
        })),
      };
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  }
}

function dayOf(at: Date): string {
  return at.toISOString().slice(0, 'yyyy-mm-dd'.length);
}

const CLICKS = `
  SELECT to_char(day, 'YYYY-MM-DD') AS day, sum(clicks) AS figure FROM click_days_now WHERE day >= $1::date GROUP BY 1`;

const SIGNUPS = `
  SELECT to_char(day, 'YYYY-MM-DD') AS day, sum(signups) AS figure FROM referral_days WHERE day >= $1::date GROUP BY 1`;

const CONVERSIONS = `
  SELECT to_char(day, 'YYYY-MM-DD') AS day, sum(conversions) AS figure FROM referral_days WHERE day >= $1::date GROUP BY 1`;

const COMMISSIONS = `
  SELECT to_char(invoice_paid_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, currency, sum(amount_minor) AS figure,
         sum(count(*)) OVER (PARTITION BY currency) AS busy
  FROM commissions WHERE id >= $1 GROUP BY 1, 2 ORDER BY busy DESC, currency`;

const PAYOUTS = Prisma.sql`
  SELECT run.period, p.currency,
         coalesce(sum(p."amountMinor") FILTER (WHERE p.status = 'paid'), 0)::text AS paid,
         coalesce(sum(p."amountMinor") FILTER (WHERE p.status = 'pending'), 0)::text AS pending,
         coalesce(sum(p."amountMinor") FILTER (WHERE p.status IN ('failed', 'canceled')), 0)::text AS failed
  FROM (
    SELECT r.period, ${OUTCOME_OF_RUN} AS outcome FROM (SELECT * FROM payout_runs ORDER BY period DESC LIMIT ${RUNS_SHOWN}) r
  ) run
  CROSS JOIN LATERAL jsonb_to_recordset(run.outcome -> 'payouts') AS p (currency text, status text, "amountMinor" bigint)
  GROUP BY run.period, p.currency ORDER BY run.period, p.currency`;
