import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { runAlone } from '../database/run-alone.js';
import { monthStart } from '../referrals/clicks/click-months.js';
import { ALL_ROLLUPS } from './all-rollups.js';
import {
  findDifferences,
  mendDifferences,
  type Comparison,
  type Difference,
  type Rollup,
  type Slice,
} from './rollup.js';

const AFFILIATES_AT_ONCE = 500;
const SHOWN = 20;

export interface RollupReport {
  rollup: string;
  /** How many rows differed. */
  differences: number;
  /** The first of them. */
  shown: Difference[];
}

/** Days of clicks, the last one not included. Those whose clicks have left are passed over. */
type ClickDays = Slice['days'];

const ALWAYS: ClickDays = { start: new Date(0), end: new Date('9999-12-31T00:00:00Z') };

/**
 * Compares the roll-ups with what they sum up, and mends them, while the service goes on. Slice by slice, each in one
 * statement that leaves the work to PostgreSQL, so memory stays flat.
 */
@Injectable()
export class RollupsService {
  constructor(private readonly database: Database) {}

  /**
   * Reads only. Never finds a difference that a write under way makes.
   * @param days of the roll-ups of clicks; all there are unless told.
   */
  compare(rollups: readonly Rollup[] = ALL_ROLLUPS, days = ALWAYS): Promise<RollupReport[]> {
    return this.each(rollups, days, findDifferences);
  }

  /**
   * Works all roll-ups out again and writes what differs, each statement in a transaction of its own (mendDifferences).
   * Idempotent, and safe to end at any moment. Days whose clicks have left keep their numbers.
   * @returns what was wrong, or null while another process rebuilds or removes clicks.
   */
  async rebuild(): Promise<RollupReport[] | null> {
    let reports: RollupReport[] | null = null;
    await this.alone(async (lost) => {
      reports = await this.each(ALL_ROLLUPS, ALWAYS, (tx, rollup, slice) => {
        lost.throwIfAborted();
        return mendDifferences(tx, rollup, slice);
      });
    });
    return reports;
  }

  /** @returns whether it was run: not while another process does such work. */
  alone(work: (lost: AbortSignal) => Promise<void>): Promise<boolean> {
    return runAlone(this.database, 'rollups', work);
  }

  private async each(
    rollups: readonly Rollup[],
    days: ClickDays,
    look: typeof findDifferences,
  ): Promise<RollupReport[]> {
    const reports: RollupReport[] = [];
    for (const rollup of rollups) {
      const report: RollupReport = { rollup: rollup.name, differences: 0, shown: [] };
      for await (const slice of this.slicesOf(rollup, days)) {
        add(report, await this.database.sqlTransaction((tx) => look(tx, rollup, slice)));
      }
      reports.push(report);
    }
    return reports;
  }

  private async *slicesOf({ by }: Rollup, days: ClickDays): AsyncGenerator<Slice> {
    const whole: Slice = { affiliates: { after: '', last: '' }, days };
    if (by === 'whole') yield whole;
    else if (by === 'affiliates') {
      for await (const affiliates of this.affiliateRanges()) yield { ...whole, affiliates };
    } else {
      for (const { start, end } of await this.clickMonths()) {
        if (start >= days.end || end <= days.start) continue;
        yield { ...whole, days: { start: latest(start, days.start), end: earliest(end, days.end) } };
      }
    }
  }

  /** Months whose clicks are there, and those that are made for clicks to come. */
  async clickMonths(): Promise<ClickDays[]> {
    const months = await this.database.prisma.$queryRaw<{ start: Date }[]>`
      SELECT to_date(right(inhrelid::regclass::text, length('YYYY_MM')), 'YYYY_MM') AS start FROM pg_inherits
      WHERE inhparent = 'clicks'::regclass ORDER BY 1`;
    return months.map(({ start }) => ({
      start,
      end: monthStart(start, 1),
    }));
  }

  /** All affiliates, some at a time. */
  async *affiliateRanges(): AsyncGenerator<Slice['affiliates']> {
    let after = '';
    for (;;) {
      const [range] = await this.database.prisma.$queryRaw<{ last: string | null }[]>`
        SELECT max(id) AS last FROM (
          SELECT id FROM affiliates WHERE id > ${after} ORDER BY id LIMIT ${AFFILIATES_AT_ONCE}
        ) next`;
      if (!range?.last) return;
      yield { after, last: range.last };
      after = range.last;
    }
  }
}

function add(report: RollupReport, { count, shown }: Comparison): void {
  report.differences += Number(count);
  report.shown.push(...shown.slice(0, SHOWN - report.shown.length));
}

function earliest(one: Date, other: Date): Date {
  return one < other ? one : other;
}

function latest(one: Date, other: Date): Date {
  return one > other ? one : other;
}
