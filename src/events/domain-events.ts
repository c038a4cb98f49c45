import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { IdGenerator } from '../common/ids.js';
import type { SqlTx } from '../database/sql-transaction.js';
import type { DomainEventType } from './event-types.js';

export interface NewDomainEvent {
  type: DomainEventType;
  /** The object that it happened to. What happens to one object is told in the order in which it was written. */
  subjectId: string;
  /** The object as it is now, in the words of the API, without names and e-mail addresses. */
  data: { id: string; readonly [field: string]: string | number | boolean | null };
}

/** What happened and hosts may want to hear of. */
@Injectable()
export class DomainEvents {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdGenerator,
  ) {}

  /**
   * Writes the events with the fact they tell of: in its transaction, or neither is there. One statement for any number.
   * The caller holds the lock under which the object is changed, which keeps the events of one object in order.
   */
  async record(tx: SqlTx, ...events: NewDomainEvent[]): Promise<void> {
    if (events.length === 0) return;
    await tx.$executeRaw`
      INSERT INTO domain_events (id, type, subject_id, data, occurred_at)
      SELECT id, type, subject_id, data, ${this.clock.now()}
      FROM ROWS FROM (unnest(${events.map(() => this.ids.next('domainEvent'))}::text[], ${events.map(({ type }) => type)}::text[],
                             ${events.map(({ subjectId }) => subjectId)}::text[]),
                      jsonb_array_elements(${JSON.stringify(events.map(({ data }) => data))}::jsonb))
        WITH ORDINALITY AS e (id, type, subject_id, data, place)
      ORDER BY place`;
  }
}
