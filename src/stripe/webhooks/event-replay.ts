import { Injectable } from '@nestjs/common';
import { Prisma } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import type { StaffAct } from '../../staff/staff-act.js';
import { EventProcessor, type ReplayedEvent } from './event-processor.js';

/** `failed` also takes the parked ones; `since` goes by the moment an event was received. */
export type ReplaySelection = { eventId: string } | { failed: true } | { since: Date };

/** Bounds the memory of a replay, however many events it goes through. */
const BATCH_SIZE = 200;

interface Position {
  id: string;
  received_at: Date;
}

/** Processes stored events again through the code that processed them first. */
@Injectable()
export class EventReplay {
  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly processor: EventProcessor,
  ) {}

  /**
   * Yields what became of the events batch by batch, oldest received first. Events that are received after the start
   * are left to the workers. Effect and safety: see EventProcessor.replayBatch.
   * @throws DomainError `stripe_event_not_found`, `reason_length`.
   */
  async *replay(selection: ReplaySelection, act: StaffAct): AsyncGenerator<ReplayedEvent[]> {
    if ('eventId' in selection) {
      yield await this.processor.replayBatch([selection.eventId], act);
      return;
    }
    const wanted =
      'since' in selection
        ? Prisma.sql`received_at BETWEEN ${selection.since} AND ${this.clock.now()}`
        : Prisma.sql`status IN ('failed', 'parked')`;
    let last: Position | undefined;
    do {
      const batch = await this.findBatch(wanted, last);
      if (batch.length > 0)
        yield await this.processor.replayBatch(
          batch.map(({ id }) => id),
          act,
        );
      last = batch.length === BATCH_SIZE ? batch.at(-1) : undefined;
    } while (last);
  }

  private findBatch(wanted: Prisma.Sql, after: Position | undefined): Promise<Position[]> {
    const beyond = after ? Prisma.sql`AND (received_at, id) > (${after.received_at}, ${after.id})` : Prisma.empty;
    return this.database.prisma.$queryRaw<Position[]>`
      SELECT id, received_at FROM stripe_events
      WHERE ${wanted} ${beyond}
      ORDER BY received_at, id
      LIMIT ${BATCH_SIZE}`;
  }
}
