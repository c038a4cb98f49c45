import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../database/database.js';
import type { DomainEventType } from './event-types.js';

/** A published event. */
export interface FeedEvent {
  id: string;
  /** Its place in the feed: gapless, and never changed. */
  position: bigint;
  type: DomainEventType;
  subjectId: string;
  data: Record<string, unknown>;
  occurredAt: Date;
}

/** The published events, in one order for everybody. */
@Injectable()
export class EventFeed {
  constructor(private readonly database: Database) {}

  /** The events behind a position, in order; from the oldest one that is kept for 0. */
  async after(position: bigint, limit: number, tx: Tx = this.database.prisma): Promise<FeedEvent[]> {
    const rows = await tx.domainEvent.findMany({
      where: { position: { gt: position } },
      orderBy: { position: 'asc' },
      take: limit,
    });
    return rows as FeedEvent[];
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
