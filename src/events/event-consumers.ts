import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../database/database.js';
import { EventFeed, type EventHead } from './event-feed.js';

const BATCH_SIZE = 500;

/** Somebody who is to see every event once, in order. */
export interface EventConsumer {
  /** Its position is kept under this name: never changed. */
  readonly name: string;
  /**
   * Takes the next events, in one transaction with moving on: what it writes there is written once for each event. No
   * network call; whatever has to leave the process is written down here and sent later. When it throws, the same events
   * come again.
   */
  take(tx: Tx, events: EventHead[]): Promise<void>;
}

/** The readers of the feed in this process, and how far they are. */
@Injectable()
export class EventConsumers {
  private readonly consumers: EventConsumer[] = [];

  constructor(
    private readonly database: Database,
    private readonly feed: EventFeed,
  ) {}

  /** Has events handed to the consumer from now on. The first time ever, it begins with what is published then. */
  async add(consumer: EventConsumer): Promise<void> {
    await this.database.prisma.$executeRaw`
      INSERT INTO event_consumers (name, position) SELECT ${consumer.name}, last_position FROM event_feed
      ON CONFLICT (name) DO NOTHING`;
    this.consumers.push(consumer);
  }

  /** Those of this process for whom there is something. One look for all, mostly for nothing. */
  async findBehind(): Promise<EventConsumer[]> {
    const behind = await this.database.prisma.$queryRaw<{ name: string }[]>`
      SELECT c.name FROM event_consumers c JOIN event_feed f ON c.position < f.last_position`;
    const names = new Set(behind.map(({ name }) => name));
    return this.consumers.filter(({ name }) => names.has(name));
  }

  /**
   * Hands the consumer its next events. Locks its position: while another process does the same, nothing is done here.
   *
   * @returns whether there may be more.
   * @throws what the consumer throws.
   */
  advance(consumer: EventConsumer): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const [place] = await tx.$queryRaw<{ position: bigint }[]>`
        SELECT position FROM event_consumers WHERE name = ${consumer.name} FOR UPDATE SKIP LOCKED`;
      if (!place) return false;
      const events = await this.feed.headsAfter(tx, place.position, BATCH_SIZE);
      const last = events.at(-1);
      if (!last) return false;
      await consumer.take(tx, events);
      await tx.eventConsumer.update({ where: { name: consumer.name }, data: { position: last.position } });
      return events.length === BATCH_SIZE;
    });
  }
}
