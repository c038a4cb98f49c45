import { hash } from 'node:crypto';
import type pg from 'pg';
import type { BulkCopy } from './bulk-copy.js';
import { clickRow } from './click-rows.js';
import type { Random } from './random.js';
import { stagedTable } from './staging.js';
import type { Rows } from './tables.js';
import type { TimedIds } from './timed-ids.js';
import { DAY_MS, later } from './world.js';

/** Whose links are clicked, from when until when, and how often on an average day. */
export interface ClickedAffiliate {
  affiliateId: string;
  code: string;
  from: Date;
  until: Date;
  clicksPerDay: number;
}

type ClickRow = Rows['clicks'];

/** Of the clicks, those of somebody who has clicked before on that day. */
const CLICKED_AGAIN = 0.13;
/** How much of an average day's clicks each day of the week has, from Sunday on. */
const WEEK = [0.7, 1.15, 1.2, 1.15, 1.1, 0.95, 0.75];
const VISITOR_HASH_HEX_DIGITS = 32;

/** Writes all clicks, day by day in the order of time, with those that signups name among them, and their roll-ups. */
export class ClickDays {
  private readonly subIds = new Map<string, number>();
  clicks = 0;

  constructor(
    private readonly parts: { client: pg.ClientBase; copy: BulkCopy; ids: TimedIds; random: Random },
    private readonly affiliates: readonly ClickedAffiliate[],
  ) {}

  async write(start: Date, end: Date, onDay: (clicks: number) => void): Promise<void> {
    const { copy } = this.parts;
    for (let day = new Date(start.getTime() - (start.getTime() % DAY_MS)); day < end; day = later(day, DAY_MS)) {
      const clicks = await this.drawDay(day, end);
      for (const click of clicks) {
        copy.add('clicks', click);
        await copy.flushFull();
      }
      this.rollUp(day, clicks);
      this.clicks += clicks.length;
      onDay(this.clicks);
    }
    for (const [key, count] of this.subIds) {
      const [affiliateId = '', subId = ''] = key.split('\n');
      copy.add('click_sub_ids', { affiliateId, subId, clicks: count, archivedClicks: 0 });
    }
    await copy.finish();
  }

  private async drawDay(day: Date, end: Date): Promise<ClickRow[]> {
    const { random, ids } = this.parts;
    const nextDay = later(day, DAY_MS);
    const clicks = await this.clicksOfSignups(day, nextDay);
    const weight = WEEK[day.getUTCDay()] ?? 1;
    for (const { affiliateId, code, from, until, clicksPerDay } of this.affiliates) {
      const firstMs = Math.max(day.getTime(), from.getTime());
      const spanMs = Math.min(nextDay.getTime(), until.getTime(), end.getTime()) - firstMs;
      if (spanMs <= 0) continue;
      const count = Math.floor((clicksPerDay * weight * spanMs) / DAY_MS + random.fraction());
      let last: ClickRow | undefined;
      for (let n = 0; n < count; n++) {
        const occurredAt = new Date(firstMs + Math.floor(random.fraction() * spanMs));
        const again = random.chance(CLICKED_AGAIN) ? last : undefined;
        last = clickRow(random, { id: ids.next('click', occurredAt), affiliateId, code, occurredAt }, again);
        clicks.push(last);
      }
    }
    return clicks.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  private async clicksOfSignups(from: Date, to: Date): Promise<ClickRow[]> {
    const { rows } = await this.parts.client.query<ClickRow>(
      `SELECT id, affiliate_id AS "affiliateId", code, source, url, referrer, user_agent AS "userAgent", sub_id AS "subId",
              ip_hash::text AS "ipHash", occurred_at AS "occurredAt"
       FROM ${stagedTable('clicks')} WHERE occurred_at >= $1 AND occurred_at < $2`,
      [from, to],
    );
    return rows;
  }

  /** Who has clicked and how often: what the application counts with each click. */
  private rollUp(day: Date, clicks: readonly ClickRow[]): void {
    const { copy } = this.parts;
    const days = new Map<string, { clicks: number; visitors: Set<string> }>();
    for (const { id, affiliateId, ipHash, userAgent, subId } of clicks) {
      let counted = days.get(affiliateId);
      if (!counted) days.set(affiliateId, (counted = { clicks: 0, visitors: new Set() }));
      counted.clicks += 1;
      counted.visitors.add(visitorHash(ipHash === null ? id : `${ipHash.slice(2)}\n${userAgent ?? ''}`));
      if (subId !== null) {
        const key = `${affiliateId}\n${subId}`;
        this.subIds.set(key, (this.subIds.get(key) ?? 0) + 1);
      }
    }
    for (const affiliateId of [...days.keys()].sort()) {
      const { clicks: count, visitors } = days.get(affiliateId) ?? { clicks: 0, visitors: new Set<string>() };
      copy.add('click_days', { affiliateId, day, clicks: count, uniqueClicks: visitors.size });
      for (const visitor of visitors) copy.add('click_visitors', { affiliateId, day, visitorHash: `\\x${visitor}` });
    }
  }
}

/** As IpHasher tells visitors apart: by address and browser. */
function visitorHash(text: string): string {
  return hash('sha256', text).slice(0, VISITOR_HASH_HEX_DIGITS);
}
