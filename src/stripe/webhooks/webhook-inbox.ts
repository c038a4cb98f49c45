import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import { GroupCommit } from '../../database/group-commit.js';
import { JobQueue } from '../../database/job-queue.js';
import { ErasedSubjects } from './erased-subjects.js';
import { EventHandlers } from './event-handlers.js';
import type { InboundEvent } from './webhook-verifier.js';

export const STRIPE_EVENT_QUEUE = 'stripe-events';

export interface StripeEventJob {
  stripeEventId: string;
}

/**
 * Keeps every verified event once, those of erased persons without what says who it was. Events that arrive together share one insert and one commit, and the jobs that
 * will process them are enqueued in that same transaction.
 */
@Injectable()
export class WebhookInbox implements BeforeApplicationShutdown {
  private readonly writer = new GroupCommit<InboundEvent>((events) => this.write(events));

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly jobs: JobQueue,
    private readonly handlers: EventHandlers,
    private readonly erased: ErasedSubjects,
  ) {}

  /** Resolves once the event is stored durably; a duplicate changes nothing. */
  store(event: InboundEvent): Promise<void> {
    return this.writer.add(event);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.writer.drain();
  }

  private async write(events: InboundEvent[]): Promise<void> {
    const different = [...new Map(events.map((event) => [event.id, event])).values()].sort((a, b) =>
      a.id < b.id ? -1 : 1,
    );
    const distinct = await this.erased.redact(different);
    const client = await this.database.pool.connect();
    let failure: Error | undefined;
    try {
      await client.query('BEGIN');
      const { rows } = await client.query<{ id: string; status: string }>({
        name: 'store-stripe-events',
        text: `INSERT INTO stripe_events (id, type, api_version, account_id, livemode, payload, status, received_at)
               SELECT id, type, api_version, account_id, livemode, payload::jsonb, status, $8
               FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::text[])
                 AS e (id, type, api_version, account_id, livemode, payload, status)
               ON CONFLICT (id) DO NOTHING
               RETURNING id, status`,
        values: [
          distinct.map((event) => event.id),
          distinct.map((event) => event.type),
          distinct.map((event) => ('api_version' in event ? event.api_version : null)),
          distinct.map((event) => ('account' in event ? event.account : null)),
          distinct.map((event) => event.livemode === true),
          distinct.map((event) => JSON.stringify(event)),
          distinct.map((event) => (this.handlers.accepts(event) ? 'pending' : 'ignored')),
          this.clock.now(),
        ],
      });
      const pending = rows.filter(({ status }) => status === 'pending');
      await this.jobs.enqueue(
        { executeSql: (text, values) => client.query(text, values) },
        STRIPE_EVENT_QUEUE,
        pending.map(({ id }) => ({ stripeEventId: id }) satisfies StripeEventJob),
      );
      await client.query('COMMIT');
      if (pending.length > 0) this.jobs.wake(STRIPE_EVENT_QUEUE);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      // A connection that failed may be broken, or inside a transaction that closing it rolls back: it is not reused.
      client.release(failure);
    }
  }
}
