import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import { isNumberOutOfRange } from '../../database/database-errors.js';
import { GroupCommit } from '../../database/group-commit.js';
import { CLAIM_SECONDS, ClaimedEvents, type ClaimedEvent } from './claimed-events.js';
import { ErasedSubjects } from './erased-subjects.js';
import { EventHandlers } from './event-handlers.js';
import { Rush } from './rush.js';
import { storableEvent, withReadableNumbers } from './storable-event.js';
import type { InboundEvent, SignedEvent } from './webhook-verifier.js';

/** What a long outage leaves beyond these waits until its claim has run out. */
const UNANSWERED_MAX = 10_000;

/** An event that is to be stored, and whether this process is going to work on it. */
interface NewEvent extends SignedEvent {
  isAccepted: boolean;
}

/**
 * Keeps every verified event once, those of erased persons without what says who it was. Events that arrive together
 * share one insert and one commit.
 *
 * The inbox is a queue as well. A pending event says since when anybody may work on it, by the database's clock, which is
 * the same for all instances. To store an event is to claim it: it is worked off from memory, and nobody else takes it
 * before the claim runs out.
 */
@Injectable()
export class WebhookInbox implements BeforeApplicationShutdown {
  private readonly writer = new GroupCommit<SignedEvent>((events) => this.write(events));
  private readonly rush = new Rush();
  /** Events whose insert was not answered: where it was committed all the same, nobody works on what it claimed. */
  private readonly unanswered = new Set<string>();

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly handlers: EventHandlers,
    private readonly erased: ErasedSubjects,
    private readonly claimed: ClaimedEvents,
  ) {}

  /** Resolves once the event is stored durably; a duplicate changes nothing. */
  store(signed: SignedEvent): Promise<void> {
    this.rush.note(performance.now());
    // Looked for only once PostgreSQL has refused one: to look through the numbers of each event would cost more than all else here.
    return this.writer.add(storableEvent(signed)).catch((error: unknown) => {
      if (!isNumberOutOfRange(error)) throw error;
      return this.writer.add(withReadableNumbers(storableEvent(signed).event));
    });
  }

  /** Whether events come in so fast that whoever works on them had better wait. */
  isInRush(): boolean {
    return this.rush.isOn(performance.now());
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.drain();
  }

  /** Resolves when nothing waits to be stored any more. */
  drain(): Promise<void> {
    return this.writer.drain();
  }

  /**
   * Claims what has been due longest, of what no other process is taking at this moment. Moments are kept by the millisecond,
   * rounded, so that what is due now would be due in half a millisecond if the present were not rounded, too.
   * @returns what was claimed, at most `count` events.
   */
  async claimDue(count: number): Promise<ClaimedEvent[]> {
    await this.releaseUnanswered();
    const claimedAtMs = performance.now();
    const { rows } = await this.database.pool.query<{ text: string; received_at: Date }>({
      name: 'claim-stripe-events',
      text: `UPDATE stripe_events e SET due_at = now() + make_interval(secs => $2)
             FROM (SELECT id FROM stripe_events WHERE status = 'pending' AND due_at <= now()::timestamptz(3)
                   ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS due
             WHERE e.id = due.id
             RETURNING e.payload::text AS text, e.received_at`,
      values: [count, CLAIM_SECONDS],
    });
    return rows.map(({ text, received_at: receivedAt }) => ({
      event: JSON.parse(text) as InboundEvent,
      receivedAt,
      bytes: text.length,
      claimedAtMs,
    }));
  }

  /** Lets anybody work on these events now, if they still wait. */
  async release(ids: string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.database.pool.query(
      `UPDATE stripe_events SET due_at = now() WHERE id = ANY ($1::text[]) AND status = 'pending'`,
      [ids],
    );
  }

  /** The same for all that wait: the process that claimed them may be gone, and processing twice changes nothing. */
  async releaseAll(): Promise<void> {
    await this.database.pool.query(
      `UPDATE stripe_events SET due_at = now() WHERE status = 'pending' AND due_at > now()`,
    );
  }

  private async write(events: SignedEvent[]): Promise<void> {
    const different = [...new Map(events.map((one) => [one.event.id, one])).values()].sort((a, b) =>
      a.event.id < b.event.id ? -1 : 1,
    );
    const storable = await this.erased.redact(different.map(({ event }) => event));
    const news = different.map((received, index) => this.newEvent(received, storable[index] ?? received.event));
    const receivedAt = this.clock.now();
    const claimedAtMs = performance.now();
    const claims = this.claimsOn(news);
    const stored = await this.insert(news, claims, receivedAt).catch((error: unknown) => {
      for (const { event } of claims) if (this.unanswered.size < UNANSWERED_MAX) this.unanswered.add(event.id);
      throw error;
    });
    this.claimed.add(
      [...claims]
        .filter(({ event }) => stored.has(event.id))
        .map(({ event, text }) => ({ event, receivedAt, bytes: text.length, claimedAtMs })),
    );
  }

  private async releaseUnanswered(): Promise<void> {
    const ids = [...this.unanswered];
    await this.release(ids);
    for (const id of ids) this.unanswered.delete(id);
  }

  private newEvent(received: SignedEvent, event: InboundEvent): NewEvent {
    const storable = event === received.event ? received : withReadableNumbers(event);
    return { ...storable, isAccepted: this.handlers.accepts(event) };
  }

  /** Those that can have an effect and find room in memory. */
  private claimsOn(news: NewEvent[]): Set<NewEvent> {
    const accepted = news.filter(({ isAccepted }) => isAccepted);
    return new Set(accepted.slice(0, this.claimed.roomFor(accepted.map(({ text }) => text.length))));
  }

  /** @returns the ids of those that were not known before. */
  private async insert(
    news: NewEvent[],
    claims: ReadonlySet<NewEvent>,
    receivedAt: Date,
  ): Promise<ReadonlySet<string>> {
    const column = <T>(of: (event: InboundEvent) => T): T[] => news.map(({ event }) => of(event));
    const { rows } = await this.database.pool.query<{ id: string }>({
      name: 'store-stripe-events',
      text: `INSERT INTO stripe_events (id, type, api_version, account_id, livemode, payload, status, due_at, received_at)
             SELECT id, type, api_version, account_id, livemode, payload, status, now() + make_interval(secs => claim), $9
             FROM ROWS FROM (unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::int[]),
                             jsonb_array_elements($8::jsonb))
               AS e (id, type, api_version, account_id, livemode, status, claim, payload)
             ON CONFLICT (id) DO NOTHING
             RETURNING id`,
      values: [
        column(({ id }) => id),
        column(({ type }) => type),
        column((event) => ('api_version' in event ? event.api_version : null)),
        column((event) => ('account' in event ? event.account : null)),
        column(({ livemode }) => livemode === true),
        news.map(({ isAccepted }) => (isAccepted ? 'pending' : 'ignored')),
        news.map((one) => (claims.has(one) ? CLAIM_SECONDS : 0)),
        // One text of JSON: an array of texts would have every quote in them escaped, and parsed once more.
        `[${news.map(({ text }) => text).join()}]`,
        receivedAt,
      ],
    });
    return new Set(rows.map(({ id }) => id));
  }
}
