import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../database/database.js';
import type { DomainEventType } from './event-types.js';

/** That something has happened to an object, without what the object is like. */
export interface EventHead {
  id: string;
  /** Its place in the feed: gapless, and never changed. */
  position: bigint;
  type: DomainEventType;
  subjectId: string;
  occurredAt: Date;
}

/** A published event. */
export interface FeedEvent extends EventHead {
  data: Record<string, unknown>;
}

/** The published events, in one order for everybody. */
@Injectable()
export class EventFeed {
  constructor(private readonly database: Database) {}

  /** The events behind a position, in order; from the oldest one that is kept for 0. */
  async after(position: bigint, limit: number): Promise<FeedEvent[]> {
    const rows = await this.database.prisma.domainEvent.findMany({
      where: { position: { gt: position } },
      orderBy: { position: 'asc' },
      take: limit,
    });
    return rows as FeedEvent[];
  }

  /** The same for whoever reads all there are: Prisma's own reading, and the data, would take several times as long. */
  headsAfter(tx: Tx, position: bigint, limit: number): Promise<EventHead[]> {
    return tx.$queryRaw`
      SELECT id, position, type, subject_id AS "subjectId", occurred_at AS "occurredAt" FROM domain_events
      WHERE position > ${position} ORDER BY position LIMIT ${limit}`;
  }

  /** The place of a published event, null for one that is unknown or no longer kept. */
  async findPosition(eventId: string): Promise<bigint | null> {
    const event = await this.database.prisma.domainEvent.findUnique({
      where: { id: eventId },
      select: { position: true },
    });
    return event?.position ?? null;
  }
}
