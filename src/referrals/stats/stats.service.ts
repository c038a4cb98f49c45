import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import type {
  StatsBucketDto,
  StatsCountsDto,
  StatsDto,
  StatsInAllDto,
  StatsInterval,
  StatsQuery,
  StatsRangeDto,
} from './stats.dto.js';
import { rangeBefore, type StatsRange, statsRange } from './stats-range.js';

const EMPTY: StatsCountsDto = { clicks: 0, uniqueClicks: 0, signups: 0, conversions: 0 };

/** Clicks, signups and conversions of an affiliate over time, from the daily roll-ups. */
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
    const stats = await this.overRange(affiliateId, query.interval, range);
    if (query.compare === undefined) return stats;
    const before = rangeBefore(range, query.interval);
    return { ...stats, previous: await this.overRange(affiliateId, query.interval, before) };
  }

  /** Since ever: the sums of the days. */
  async inAll(affiliateId: string): Promise<StatsInAllDto> {
    const [counts] = await this.database.prisma.$queryRaw<Omit<StatsInAllDto, 'conversionRate'>[]>`
      SELECT "clicks", "uniqueClicks", "signups", "payingCustomers"
      FROM (
        SELECT coalesce(sum("clicks"), 0)::int AS "clicks", coalesce(sum("unique_clicks"), 0)::int AS "uniqueClicks"
        FROM "click_days_now" WHERE "affiliate_id" = ${affiliateId}
      ) AS "visits", (
        SELECT coalesce(sum("signups"), 0)::int AS "signups", coalesce(sum("paying"), 0)::int AS "payingCustomers"
        FROM "referral_days" WHERE "affiliate_id" = ${affiliateId}
      ) AS "people"`;
    if (!counts) throw new Error('a query of sums returned no row');
    return { ...counts, conversionRate: conversionRateOf(counts) };
  }

  private async overRange(affiliateId: string, interval: StatsInterval, range: StatsRange): Promise<StatsRangeDto> {
    const counted = await this.count(affiliateId, interval, range);
    const byDate = new Map(counted.map((bucket) => [bucket.date, bucket]));
    const series = range.buckets.map((date) => byDate.get(date) ?? { date, ...EMPTY });
    const totals = series.reduce(add, EMPTY);
    return { totals: { ...totals, conversionRate: conversionRateOf(totals) }, series };
  }

  private count(
    affiliateId: string,
    interval: StatsInterval,
    { firstDay, lastDay }: StatsRange,
  ): Promise<StatsBucketDto[]> {
    return this.database.prisma.$queryRaw<StatsBucketDto[]>`
      SELECT to_char(date_trunc(${interval}, "day"::timestamp), 'YYYY-MM-DD') AS "date",
             sum("clicks")::int AS "clicks", sum("uniques")::int AS "uniqueClicks",
             sum("signups")::int AS "signups", sum("conversions")::int AS "conversions"
      FROM (
        SELECT "day", "clicks", "unique_clicks" AS "uniques", 0 AS "signups", 0 AS "conversions" FROM "click_days_now"
        WHERE "affiliate_id" = ${affiliateId} AND "day" BETWEEN ${firstDay}::date AND ${lastDay}::date
        UNION ALL
        SELECT "day", 0, 0, "signups", "conversions" FROM "referral_days"
        WHERE "affiliate_id" = ${affiliateId} AND "day" BETWEEN ${firstDay}::date AND ${lastDay}::date
      ) AS "days"
      GROUP BY 1`;
  }
}

/** Signups by unique clicks, the day's first of each visitor; 0 without clicks. */
function conversionRateOf({ uniqueClicks, signups }: Pick<StatsCountsDto, 'uniqueClicks' | 'signups'>): number {
  return uniqueClicks === 0 ? 0 : signups / uniqueClicks;
}

function add(sum: StatsCountsDto, bucket: StatsCountsDto): StatsCountsDto {
  return {
    clicks: sum.clicks + bucket.clicks,
    uniqueClicks: sum.uniqueClicks + bucket.uniqueClicks,
    signups: sum.signups + bucket.signups,
    conversions: sum.conversions + bucket.conversions,
  };
}
