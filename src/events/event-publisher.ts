import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../database/database.js';

const BATCH_SIZE = 2_000;

/**
 * Gives committed events their place in the feed. The order of writing is no help there: an event with a lower number
 * may commit after one with a higher, when readers have passed it. Positions are given to what is committed, by one
 * publisher at a time, so a reader that remembers its position misses nothing.
 */
@Injectable()
export class EventPublisher {
  constructor(private readonly database: Database) {}

  /**
   * Publishes every event that is committed by now, those of one object in the order in which they were written. Safe to
   * run at any time, twice at once and after a crash. One indexed look when there is nothing to do.
   *
   * @returns how many were published.
   */
  async publish(): Promise<number> {
    let published = 0;
    while (await this.isAnyWaiting()) published += await this.database.transaction(publishBatch);
    return published;
  }

  private async isAnyWaiting(): Promise<boolean> {
    const [waiting] = await this.database.prisma.$queryRaw<object[]>`
      SELECT 1 FROM domain_events WHERE position IS NULL LIMIT 1`;
    return waiting !== undefined;
  }
}

/** Locks the head of the feed, in a statement of its own: what is read after it is what the last holder left. */
async function publishBatch(tx: Tx): Promise<number> {
  await tx.$queryRaw`SELECT 1 FROM event_feed FOR UPDATE`;
  return tx.$executeRaw`
    WITH next AS (
      SELECT id, row_number() OVER (ORDER BY sequence) AS place, count(*) OVER () AS total
      FROM (SELECT id, sequence FROM domain_events WHERE position IS NULL ORDER BY sequence LIMIT ${BATCH_SIZE}) waiting
    ), head AS (
      UPDATE event_feed SET last_position = last_position + (SELECT count(*) FROM next) RETURNING last_position
    )
    UPDATE domain_events e SET position = head.last_position - next.total + next.place
    FROM next, head WHERE e.id = next.id`;
}
