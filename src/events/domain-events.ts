import { Injectable } from '@nestjs/common';
import type { Prisma } from '@prisma/client';
import { Clock } from '../common/clock.js';
import { IdGenerator } from '../common/ids.js';
import type { Tx } from '../database/database.js';

/** What hosts may be told. Part of the contract: names are never reused or changed. */
export type DomainEventType = 'review_case.opened' | 'review_case.closed';

export interface NewDomainEvent {
  type: DomainEventType;
  /** The object that it happened to. */
  subjectId: string;
  /** The object as it is now, in the words of the API. */
  data: Prisma.InputJsonObject;
}

/** What happened and hosts may want to hear of. */
@Injectable()
export class DomainEvents {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  /** Writes the events with the fact they tell of: in its transaction, or neither is there. */
  async record(tx: Tx, ...events: NewDomainEvent[]): Promise<void> {
    const occurredAt = this.clock.now();
    await tx.domainEvent.createMany({
      data: events.map((event) => ({ ...event, id: this.ids.next('domainEvent'), occurredAt })),
    });
  }
}
