import { Prisma } from '@prisma/client';
import { firstIdAt } from '../common/ids.js';
import type { Rollup, Slice } from './rollup.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * A click's id is made right after its moment was taken, and later than all ids before it; it is ahead of that moment
 * where the clock went back meanwhile, which is taken to be less than a day.
 */
const IDS_AHEAD_MS = DAY_MS;

/**
 * Days whose clicks have left with their month (`first_click_day`) are not compared: they keep their numbers. The clicks
 * are opened by the same statement, so none of them leaves before it ends. Those that are still to be counted count already.
 */
const clickDays: Rollup = {
  name: 'click_days (clicks)',
  table: 'click_days',
  keys: ['affiliate_id', 'day'],
  figures: ['clicks'],
  by: 'month',
  kept: ({ days }) => Prisma.sql`
    SELECT affiliate_id, day, sum(clicks) AS clicks FROM click_days_now WHERE ${isThere(days)} GROUP BY 1, 2`,
  counted: ({ days }) => Prisma.sql`
    SELECT affiliate_id, day, count(*) AS clicks
    FROM (
      SELECT affiliate_id, (occurred_at AT TIME ZONE 'UTC')::date AS day FROM clicks
      WHERE id >= ${firstIdAt('click', days.start)} AND id < ${firstIdAt('click', new Date(days.end.getTime() + IDS_AHEAD_MS))}
    ) each
    WHERE ${isThere(days)} GROUP BY 1, 2`,
};

/** A visitor's mark is there as long as the clicks of the day, and comes when the visitor is counted. */
const clickVisitors: Rollup = {
  name: 'click_days (unique clicks)',
  table: 'click_days',
  keys: ['affiliate_id', 'day'],
  figures: ['unique_clicks'],
  by: 'affiliates',
  kept: ({ affiliates, days }) => Prisma.sql`
    SELECT affiliate_id, day, unique_clicks FROM click_days WHERE ${inRange(affiliates)} AND ${isThere(days)}`,
  counted: ({ affiliates, days }) => Prisma.sql`
    SELECT affiliate_id, day, count(*) AS unique_clicks FROM click_visitors
    WHERE ${inRange(affiliates)} AND ${isThere(days)} GROUP BY 1, 2`,
};

/**
 * Since ever: of the clicks that are there, and of those that left. Notes of affiliates who were erased are gone at once,
 * those on their clicks a little later; and a month that is leaving is counted nowhere for a moment.
 */
const clickSubIds: Rollup = {
  name: 'click_sub_ids',
  table: 'click_sub_ids',
  keys: ['affiliate_id', 'sub_id'],
  figures: ['clicks'],
  by: 'whole',
  kept: () => Prisma.sql`
    SELECT affiliate_id, sub_id, clicks FROM click_sub_ids WHERE NOT EXISTS (SELECT 1 FROM detached_click_months())`,
  counted: () => Prisma.sql`
    SELECT affiliate_id, sub_id, sum(clicks) AS clicks
    FROM (
      SELECT affiliate_id, sub_id, count(*) AS clicks FROM clicks WHERE sub_id IS NOT NULL GROUP BY 1, 2
      UNION ALL
      SELECT affiliate_id, sub_id, archived_clicks FROM click_sub_ids WHERE archived_clicks <> 0
    ) noted
    WHERE NOT EXISTS (SELECT 1 FROM detached_click_months())
      AND NOT EXISTS (SELECT 1 FROM affiliates a WHERE a.id = noted.affiliate_id AND a.erased_at IS NOT NULL)
    GROUP BY 1, 2`,
};

const referralDays: Rollup = {
  name: 'referral_days',
  table: 'referral_days',
  keys: ['affiliate_id', 'day'],
  figures: ['signups', 'conversions', 'paying'],
  by: 'affiliates',
  kept: ({ affiliates }) => Prisma.sql`
    SELECT affiliate_id, day, signups, conversions, paying FROM referral_days WHERE ${inRange(affiliates)}`,
  counted: ({ affiliates }) => Prisma.sql`
    SELECT affiliate_id, day, sum(signups) AS signups, sum(conversions) AS conversions, sum(paying) AS paying
    FROM (
      SELECT affiliate_id, (occurred_at AT TIME ZONE 'UTC')::date AS day, 1 AS signups, 0 AS conversions,
             (status = 'paid')::int AS paying
      FROM referrals WHERE ${inRange(affiliates)}
      UNION ALL
      SELECT affiliate_id, (converted_at AT TIME ZONE 'UTC')::date, 0, 1, 0
      FROM referrals WHERE ${inRange(affiliates)} AND converted_at IS NOT NULL
    ) counted
    GROUP BY 1, 2`,
};

const referralEarnings: Rollup = {
  name: 'referral_earnings',
  table: 'referral_earnings',
  keys: ['referral_id', 'currency'],
  figures: ['earned_minor'],
  by: 'affiliates',
  kept: ({ affiliates }) => Prisma.sql`
    SELECT s.referral_id, s.currency, s.earned_minor FROM referrals r JOIN referral_earnings s ON s.referral_id = r.id
    WHERE ${inRange(affiliates)}`,
  counted: ({ affiliates }) => Prisma.sql`
    SELECT c.referral_id, p.currency, -sum(p.amount_minor) AS earned_minor
    FROM (SELECT entry_id, currency, amount_minor FROM postings WHERE ${inRange(affiliates)} AND account = 'commission_expense') p
    JOIN journal_entries e ON e.id = p.entry_id JOIN commissions c ON c.id = e.commission_id
    GROUP BY 1, 2`,
};

export const ALL_ROLLUPS: readonly Rollup[] = [clickDays, clickVisitors, clickSubIds, referralDays, referralEarnings];

/** All but the one that has no days, whose comparison reads every click there is: `rollups:rebuild` does. */
export const NIGHTLY_ROLLUPS: readonly Rollup[] = ALL_ROLLUPS.filter(({ by }) => by !== 'whole');

/** What is counted by the days of clicks: must be right before the clicks of a month leave. */
export const CLICK_DAY_ROLLUPS: readonly Rollup[] = [clickDays, clickVisitors];

function inRange({ after, last }: Slice['affiliates']): Prisma.Sql {
  return Prisma.sql`affiliate_id > ${after} AND affiliate_id <= ${last}`;
}

/** Days in the range whose clicks have not left. */
function isThere({ start, end }: Slice['days']): Prisma.Sql {
  return Prisma.sql`day >= ${dateOf(start)}::date AND day < ${dateOf(end)}::date AND day >= (SELECT first_click_day())`;
}

function dateOf(day: Date): string {
  return day.toISOString().slice(0, 'yyyy-mm-dd'.length);
}
