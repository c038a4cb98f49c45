import { Injectable, Logger } from '@nestjs/common';
import Stripe from 'stripe';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import { EventHandlers } from './event-handlers.js';
import { listedIn } from '../stripe-object.js';
import { withReadableNumbers } from './storable-event.js';
import { WebhookInbox } from './webhook-inbox.js';
import type { SnapshotEvent } from './webhook-verifier.js';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** Stripe shows an event for thirty days. */
const RETENTION_MS = 30 * DAY_MS;
/** An event may appear in the list a while after it was made, and Stripe's clock is not ours. */
const OVERLAP_MS = HOUR_MS;
/** What was fetched of a range is complete only as a whole, so a long one is taken in parts. */
const RANGE_MS_MAX = DAY_MS;
/** Stripe's limits for a list of events. */
const TYPES_MAX = 20;
const PAGE_SIZE = 100;

interface Range {
  from: Date;
  /** Null for the last one: what is made while it is being fetched is welcome too. */
  until: Date | null;
}

/**
 * Fetches the events that Stripe has and we have not. They go into the inbox like those that were delivered, so what is
 * known already changes nothing. Only the platform's own events are listed (AccountRefresh is for the others), and only
 * those of types that a handler takes are asked for.
 */
@Injectable()
export class EventBackfill {
  private readonly logger = new Logger(EventBackfill.name);

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly stripe: Stripe,
    private readonly inbox: WebhookInbox,
    private readonly handlers: EventHandlers,
  ) {}

  /**
   * Fetches what is missing since the last complete moment, thirty days at first, oldest day first. Each day that was
   * fetched whole is written down, so that a pass which dies goes on from there.
   * @throws what Stripe or the database throws; running it again mends that.
   */
  async catchUp(signal?: AbortSignal): Promise<void> {
    const startedAt = this.clock.now();
    for (const range of ranges(await this.firstMissing(startedAt), startedAt)) {
      for await (const stored of this.fetch(range)) {
        if (stored.length > 0) {
          this.logger.warn({ message: 'fetched events that were not delivered', count: stored.length });
        }
        if (signal?.aborted) return;
      }
      await this.recordComplete(range.until ?? startedAt);
    }
  }

  /**
   * Fetches what is missing since a moment, whatever is known to be complete; at most what Stripe still shows.
   * @yields the ids of the events that were stored now, page by page.
   */
  async *fetchSince(since: Date): AsyncGenerator<string[]> {
    const now = this.clock.now();
    const from = new Date(Math.max(since.getTime(), now.getTime() - RETENTION_MS));
    for (const range of ranges(from, now)) yield* this.fetch(range);
  }

  private async firstMissing(now: Date): Promise<Date> {
    const known = await this.database.prisma.stripeBackfill.findUnique({ where: { id: 1 } });
    const oldestShown = now.getTime() - RETENTION_MS;
    if (!known) return new Date(oldestShown);
    // A clock that was ahead may have written down a moment that is still to come.
    const from = Math.min(known.completeUntil.getTime(), now.getTime()) - OVERLAP_MS;
    if (from >= oldestShown) return new Date(from);
    this.logger.error({
      message: 'Stripe no longer shows events that may be missing: compare its invoices of that time with ours',
      from: new Date(from),
      until: new Date(oldestShown),
    });
    return new Date(oldestShown);
  }

  private async *fetch(range: Range): AsyncGenerator<string[]> {
    const types = this.handlers.listedTypes;
    for (let first = 0; first < types.length; first += TYPES_MAX) {
      yield* this.fetchTypes(types.slice(first, first + TYPES_MAX), range);
    }
  }

  /** Newest first and from event to event, so that events which are made meanwhile shift nothing. */
  private async *fetchTypes(types: string[], { from, until }: Range): AsyncGenerator<string[]> {
    const created = { gte: secondsOf(from), ...(until && { lt: secondsOf(until) }) };
    let last: string | undefined;
    do {
      const page = await this.stripe.events.list({
        types,
        created,
        limit: PAGE_SIZE,
        ...(last !== undefined && { starting_after: last }),
      });
      yield await this.storeUnknown(listedIn<Stripe.Event>(page) as unknown as SnapshotEvent[]);
      last = page.has_more ? page.data.at(-1)?.id : undefined;
    } while (last !== undefined);
  }

  private async storeUnknown(events: SnapshotEvent[]): Promise<string[]> {
    const known = await this.database.prisma.stripeEvent.findMany({
      where: { id: { in: events.map(({ id }) => id) } },
      select: { id: true },
    });
    const knownIds = new Set(known.map(({ id }) => id));
    const missing = events.filter(({ id }) => !knownIds.has(id));
    await Promise.all(missing.map((event) => this.inbox.store(withReadableNumbers(event))));
    return missing.map(({ id }) => id);
  }

  private async recordComplete(completeUntil: Date): Promise<void> {
    await this.database.prisma.stripeBackfill.upsert({
      where: { id: 1 },
      create: { completeUntil },
      update: { completeUntil },
    });
  }
}

/** The time between two moments in parts of at most a day, oldest first. */
function* ranges(from: Date, now: Date): Generator<Range> {
  let start = from;
  for (; now.getTime() - start.getTime() > RANGE_MS_MAX; start = new Date(start.getTime() + RANGE_MS_MAX)) {
    yield { from: start, until: new Date(start.getTime() + RANGE_MS_MAX) };
  }
  yield { from: start, until: null };
}

function secondsOf(moment: Date): number {
  return Math.floor(moment.getTime() / 1000);
}
