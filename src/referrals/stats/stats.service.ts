import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import type { StatsBucketDto, StatsCountsDto, StatsDto, StatsQuery } from './stats.dto.js';
import { type StatsRange, statsRange } from './stats-range.js';

const EMPTY: StatsCountsDto = { clicks: 0, uniqueClicks: 0, signups: 0, conversions: 0 };

/** Clicks, signups and conversions of an affiliate over time, from the daily roll-up and two index ranges. */
@Injectable()
export class StatsService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * An affiliate without any activity has zeros; whether there is such an affiliate is the caller's to check.
   * @throws DomainError `range_invalid` (400).
   */
  async forAffiliate(affiliateId: string, query: StatsQuery): Promise<StatsDto> {
    const range = statsRange(query, this.clock.now());
    const counted = await this.count(affiliateId, query, range);
    const byDate = new Map(counted.map((bucket) => [bucket.date, bucket]));
    const series = range.buckets.map((date) => byDate.get(date) ?? { date, ...EMPTY });
    const totals = series.reduce(add, EMPTY);
    const conversionRate = totals.uniqueClicks === 0 ? 0 : totals.signups / totals.uniqueClicks;
    return { totals: { ...totals, conversionRate }, series };
  }

  private count(
    affiliateId: string,
    { interval }: StatsQuery,
    { start, end, firstDay, lastDay }: StatsRange,
  ): Promise<StatsBucketDto[]> {
    return this.database.prisma.$queryRaw<StatsBucketDto[]>`
      SELECT to_char(date_trunc(${interval}, "day"), 'YYYY-MM-DD') AS "date",
             sum("clicks")::int AS "clicks", sum("uniques")::int AS "uniqueClicks",
             sum("signups")::int AS "signups", sum("conversions")::int AS "conversions"
      FROM (
        SELECT "day"::timestamp AS "day", "clicks", "unique_clicks" AS "uniques", 0 AS "signups", 0 AS "conversions"
        FROM "click_days"
        WHERE "affiliate_id" = ${affiliateId} AND "day" BETWEEN ${firstDay}::date AND ${lastDay}::date
        UNION ALL
        SELECT date_trunc('day', "occurred_at" AT TIME ZONE 'UTC'), 0, 0, count(*), 0 FROM "referrals"
        WHERE "affiliate_id" = ${affiliateId} AND "occurred_at" >= ${start} AND "occurred_at" < ${end} GROUP BY 1
        UNION ALL
        SELECT date_trunc('day', "converted_at" AT TIME ZONE 'UTC'), 0, 0, 0, count(*) FROM "referrals"
        WHERE "affiliate_id" = ${affiliateId} AND "converted_at" >= ${start} AND "converted_at" < ${end} GROUP BY 1
      ) AS "days"
      GROUP BY 1`;
  }
}

function add(sum: StatsCountsDto, bucket: StatsCountsDto): StatsCountsDto {
  return {
    clicks: sum.clicks + bucket.clicks,
    uniqueClicks: sum.uniqueClicks + bucket.uniqueClicks,
    signups: sum.signups + bucket.signups,
    conversions: sum.conversions + bucket.conversions,
  };
}
