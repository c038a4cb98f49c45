import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { Clock } from '../common/clock.js';
import { Database } from '../database/database.js';
import type { EventHead } from './event-feed.js';

/** What GET /v1/events and the delivery log promise. */
const KEPT_MS = 90 * 24 * 60 * 60 * 1000;
const BATCH_SIZE = 1_000;

/** Deletes events that nobody may rely on any more, and with them their deliveries, delivered or not. */
@Injectable()
export class EventRetention {
  private readonly logger = new Logger('Events');

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Any number of instances may do it at once. Never rejects. */
  @Cron(CronExpression.EVERY_HOUR)
  async deleteExpired(): Promise<void> {
    const before = new Date(this.clock.now().getTime() - KEPT_MS);
    try {
      for (let after: bigint | null = 0n; after !== null;) after = await this.deleteBatch(after, before);
    } catch (error) {
      this.logger.warn({ message: 'old events could not be deleted; tried again in an hour', error: String(error) });
    }
  }

  /**
   * By the order of the feed, which is that of time but for moments, and past those that are deleted already: until they
   * are vacuumed away, each look from the start would pass by all of them.
   *
   * @returns the position up to which they are deleted; null once one is to be kept.
   */
  private async deleteBatch(after: bigint, before: Date): Promise<bigint | null> {
    const oldest = await this.database.prisma.$queryRaw<Pick<EventHead, 'id' | 'position' | 'occurredAt'>[]>`
      SELECT id, position, occurred_at AS "occurredAt" FROM domain_events
      WHERE position > ${after} ORDER BY position LIMIT ${BATCH_SIZE}`;
    const firstKept = oldest.findIndex(({ occurredAt }) => occurredAt >= before);
    const expired = firstKept === -1 ? oldest : oldest.slice(0, firstKept);
    await this.database.prisma.$executeRaw`
      DELETE FROM domain_events WHERE id = ANY(${expired.map(({ id }) => id)}::text[])`;
    return expired.length === BATCH_SIZE ? (expired.at(-1)?.position ?? null) : null;
  }
}
