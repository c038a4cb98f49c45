import { Injectable, Logger } from '@nestjs/common';
import { Cron, CronExpression } from '@nestjs/schedule';
import { Clock } from '../common/clock.js';
import { Database } from '../database/database.js';
import { EventFeed } from './event-feed.js';

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
    private readonly feed: EventFeed,
  ) {}

  /** Any number of instances may do it at once. Never rejects. */
  @Cron(CronExpression.EVERY_HOUR)
  async deleteExpired(): Promise<void> {
    const before = new Date(this.clock.now().getTime() - KEPT_MS);
    try {
      let hasMore = true;
      while (hasMore) hasMore = await this.deleteBatch(before);
    } catch (error) {
      this.logger.warn({ message: 'old events could not be deleted; tried again in an hour', error: String(error) });
    }
  }

  /** From the oldest on, by the order of the feed, which is that of time but for moments. */
  private async deleteBatch(before: Date): Promise<boolean> {
    const oldest = await this.feed.after(0n, BATCH_SIZE);
    const firstKept = oldest.findIndex(({ occurredAt }) => occurredAt >= before);
    const expired = firstKept === -1 ? oldest : oldest.slice(0, firstKept);
    await this.database.prisma.domainEvent.deleteMany({ where: { id: { in: expired.map(({ id }) => id) } } });
    return expired.length === BATCH_SIZE;
  }
}
