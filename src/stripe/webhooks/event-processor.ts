import { Injectable, Logger } from '@nestjs/common';
import Stripe from 'stripe';
import { AuditLog } from '../../audit/audit-log.js';
import { Clock } from '../../common/clock.js';
import { CommissionsService, type Told } from '../../commissions/commissions.service.js';
import { DomainError } from '../../common/domain-error.js';
import { Database, type Tx } from '../../database/database.js';
import { isDatabaseUnavailable, isLockedByOthers, isTooSlow } from '../../database/database-errors.js';
import { planByIndex } from '../../database/plan-by-index.js';
import { waitForLocks } from '../../database/time-limit.js';
import { scrub } from '../../http/logging.js';
import { actedBy, type StaffAct } from '../../staff/staff-act.js';
import { describeStripeError } from '../gateways/stripe-errors.js';
import { isStillClaimed, type ClaimedEvent } from './claimed-events.js';
import { ErasedSubjects } from './erased-subjects.js';
import { EventHandlers, type Effects, type EventHandler } from './event-handlers.js';
import { EventReader, ForeignVersionError } from './event-reader.js';
import {
  lockEvent,
  markPendingProcessed,
  markProcessed,
  noteFailedReplay,
  noteFailedTry,
  putOff,
  type EventStatus,
} from './event-records.js';
import type { InboundEvent } from './webhook-verifier.js';

/** Events of a group that are worked on at once, each by itself; more would only wait for each other's locks. */
const CONCURRENCY = 4;

/**
 * How long the worker waits for what others have locked, hence at most so long for the sake of one event that waits in vain:
 * whoever rejects an affiliate of a hundred thousand customers keeps theirs waiting for a minute, and must not keep all.
 */
const LOCK_WAIT_MS = 10_000;
/** The same where its group has waited for that long already. */
const FURTHER_LOCK_WAIT_MS = 500;

/** An event that waits, and the facts that are all it tells. */
interface Teller {
  id: string;
  told: Told;
}

/** What became of an event that was processed again. */
export interface ReplayedEvent {
  id: string;
  type: string;
  before: EventStatus;
  after: EventStatus;
  /** Why it could not be processed this time, also where its status stays what it was. */
  error: string | null;
}

/** Writes down in a replay's transaction what became of the event. */
type ReplayAudit = (tx: Tx, after: EventStatus) => Promise<void>;

/** Works through the inbox: what an event comes to and that it is done are one transaction. */
@Injectable()
export class EventProcessor {
  private readonly logger = new Logger(EventProcessor.name);

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly handlers: EventHandlers,
    private readonly reader: EventReader,
    private readonly erased: ErasedSubjects,
    private readonly audit: AuditLog,
    private readonly commissions: CommissionsService,
  ) {}

  /**
   * A failing event never stops the others: it is tried again with growing pauses and ends as `failed`. Nor does one that
   * needs what somebody else keeps locked: its turn comes again some seconds later. Whatever is done already, and whatever
   * the claim of has run out, is passed over.
   * @throws what the database throws while it is away; then all of this may be tried again.
   */
  async process(claimed: readonly ClaimedEvent[]): Promise<void> {
    const waiting = claimed.filter(isStillClaimed);
    // Who was erased since an event was stored is not in the inbox any more.
    const events = await this.erased.redact(waiting.map(({ event }) => event));
    const tellers = await this.tellersAmong(events);
    await this.takeIn(tellers);

    const others: Teller[] = [];
    const told = new Set(tellers.map(({ id }) => id));
    await inLanes(waiting, async (one, index) => {
      const event = events[index];
      if (!event || told.has(event.id) || !isStillClaimed(one)) return;
      const teller = await this.processOne(event, one.receivedAt);
      if (teller) others.push(teller);
    });
    await this.takeIn(others);
  }

  /**
   * Processes stored events again, whatever became of them, and tells what becomes of them now, in the given order.
   * Changes nothing where nothing changed. Safe beside the workers and beside another replay: each event's row is
   * locked while its effects are written. Ignored events are offered to the handlers of today. Each event is audited in
   * the transaction that settles what became of it, unless `act` is null: events that are only fetched late.
   * @throws DomainError `stripe_event_not_found`, `reason_length`.
   */
  async replayBatch(stripeEventIds: readonly string[], act: StaffAct | null): Promise<ReplayedEvent[]> {
    const results = new Map<string, ReplayedEvent>();
    await inLanes(stripeEventIds, async (id) => void results.set(id, await this.replay(id, act)));
    return stripeEventIds.flatMap((id) => results.get(id) ?? []);
  }

  /** Those of these events that only tell facts, as far as that is known without asking Stripe. */
  private async tellersAmong(events: readonly InboundEvent[]): Promise<Teller[]> {
    const readable = events.filter((event) => this.handlers.accepts(event) && this.reader.isInOurVersion(event));
    const byHandler = new Map<EventHandler, InboundEvent[]>();
    for (const event of readable) {
      const handler = this.handlers.get(event);
      const ofHandler = byHandler.get(handler);
      if (ofHandler) ofHandler.push(event);
      else byHandler.set(handler, [event]);
    }
    const tellers: Teller[] = [];
    for (const [handler, ofHandler] of byHandler) {
      for (const [id, told] of await this.tellAll(handler, ofHandler)) tellers.push({ id, told });
    }
    return tellers;
  }

  private async tellAll(handler: EventHandler, events: readonly InboundEvent[]): Promise<ReadonlyMap<string, Told>> {
    try {
      return await handler.tellAll(events);
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      // Each is prepared by itself then, where the one that is at fault fails alone.
      this.logger.warn({ message: 'events are worked on one by one', error: messageOf(error) });
      return new Map();
    }
  }

  /** Processes a pending event, unless it only tells facts: then it is returned, to be taken in with others. */
  private async processOne(event: InboundEvent, receivedAt: Date): Promise<Teller | null> {
    // The keys may have changed since it was stored: from test to live mode, say.
    if (!this.handlers.accepts(event)) {
      await this.giveUp(event.id, 'pending');
      return null;
    }
    try {
      const effects = await this.prepare(event, receivedAt);
      if (typeof effects !== 'function') return { id: event.id, told: effects };
      await this.apply(event.id, effects, { isWanted: (status) => status === 'pending', lockWaitMs: LOCK_WAIT_MS });
    } catch (error) {
      await this.recordFailure(event.id, error);
    }
    return null;
  }

  /**
   * Takes in what these events tell in one transaction, which also marks them as done. One that cannot be taken in fails
   * alone: the rest is halved until it is found. Where they wait in vain for what others have locked, each is taken in by
   * itself. Locks the events' inbox rows in the order of their ids, then what recordAll locks.
   */
  private async takeIn(tellers: Teller[], lockWaitMs = LOCK_WAIT_MS): Promise<void> {
    if (tellers.length === 0) return;
    try {
      await this.database.sqlTransaction(async (tx) => {
        await waitForLocks(tx, lockWaitMs);
        // What is read are a few rows each of tables that grow by what is written here.
        await planByIndex(tx);
        const ids = tellers.map(({ id }) => id);
        const pending = await markPendingProcessed(tx, ids, this.clock.now());
        const told = tellers.filter(({ id }) => pending.has(id)).map((teller) => teller.told);
        await this.commissions.recordAll(tx, told);
      });
    } catch (error) {
      const [only] = tellers;
      if (tellers.length === 1 && only) return this.recordFailure(only.id, error);
      if (isLockedByOthers(error) || isTooSlow(error)) {
        return inLanes(tellers, (teller) => this.takeIn([teller], FURTHER_LOCK_WAIT_MS));
      }
      // Halving finds the one that cannot be taken in; it is no help while the database is away.
      if (isDatabaseAway(error)) throw error;
      const middle = Math.ceil(tellers.length / 2);
      await this.takeIn(tellers.slice(0, middle));
      await this.takeIn(tellers.slice(middle));
    }
  }

  private async replay(stripeEventId: string, act: StaffAct | null): Promise<ReplayedEvent> {
    const by = act && actedBy(act);
    const stored = await this.database.prisma.stripeEvent.findUnique({ where: { id: stripeEventId } });
    if (!stored) throw new DomainError('not_found', 'stripe_event_not_found', `No event ${stripeEventId} is stored.`);
    const { id, type } = stored;
    const event = stored.payload as unknown as InboundEvent;
    const before = stored.status as EventStatus;
    const audit = async (tx: Tx, after: EventStatus): Promise<void> => {
      if (!by) return;
      await this.audit.record(tx, {
        ...by,
        action: 'stripe_event.replayed',
        subjectType: 'stripe_event',
        subjectId: id,
        before: { status: before },
        after: { status: after },
      });
    };
    if (!this.handlers.accepts(event)) {
      return { id, type, before, after: await this.giveUp(id, before, audit), error: null };
    }
    try {
      await this.apply(id, await this.prepare(event, stored.receivedAt), { isWanted: () => true, audit });
      return { id, type, before, after: 'processed', error: null };
    } catch (error) {
      return { id, type, before, after: await this.recordFailedReplay(id, error, audit), error: messageOf(error) };
    }
  }

  private async prepare(event: InboundEvent, receivedAt: Date): Promise<Effects> {
    const handler = this.handlers.get(event);
    const readable = handler.readsObject ? await this.reader.inOurVersion(event) : event;
    return handler.prepare(readable, receivedAt);
  }

  /**
   * Idempotent; locks the event's inbox row, then what its handler locks, for which it waits as long as all do unless told.
   * Does nothing in a status not wanted.
   */
  private async apply(
    stripeEventId: string,
    effects: Effects,
    {
      isWanted,
      audit,
      lockWaitMs,
    }: { isWanted: (status: EventStatus) => boolean; audit?: ReplayAudit; lockWaitMs?: number },
  ): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (lockWaitMs !== undefined) await waitForLocks(tx, lockWaitMs);
      const status = await lockEvent(tx, stripeEventId);
      if (!isWanted(status)) return;
      await (typeof effects === 'function' ? effects(tx) : this.commissions.recordAll(tx, [effects]));
      await audit?.(tx, 'processed');
      if (status !== 'processed') await markProcessed(tx, stripeEventId, this.clock.now());
    });
  }

  /** An event that no handler takes is no work for anybody, but what it has done stays done. */
  private async giveUp(stripeEventId: string, before: EventStatus, audit?: ReplayAudit): Promise<EventStatus> {
    const after = before === 'processed' ? before : 'ignored';
    await this.database.transaction(async (tx) => {
      await tx.stripeEvent.updateMany({ where: { id: stripeEventId, status: before }, data: { status: after } });
      await audit?.(tx, after);
    });
    return after;
  }

  /**
   * An event of which a statement alone takes too long has failed like any other: nobody knows that the next try is faster.
   * @throws the error itself while the database is away: nothing is wrong with the event then.
   */
  private async recordFailure(stripeEventId: string, error: unknown): Promise<void> {
    if (isLockedByOthers(error)) {
      this.logger.warn({ message: 'a Stripe event waits for what others keep locked', stripeEventId });
      return putOff(this.database.prisma, stripeEventId);
    }
    if (isDatabaseAway(error) && !isTooSlow(error)) throw error;
    const noted = await noteFailedTry(this.database.prisma, stripeEventId, {
      message: messageOf(error),
      isUnreadable: error instanceof ForeignVersionError,
    });
    if (!noted) return;
    const { status, attempts } = noted;
    this.logger[status === 'pending' ? 'warn' : 'error']({
      message: `Stripe event ${status === 'pending' ? 'failed and is retried' : `is ${status}`}`,
      stripeEventId,
      attempts,
      error: error instanceof Stripe.errors.StripeError ? describeStripeError(error) : messageOf(error),
    });
  }

  /** What was processed before stays so, and what waits for its next try still does. */
  private async recordFailedReplay(stripeEventId: string, error: unknown, audit: ReplayAudit): Promise<EventStatus> {
    return this.database.transaction(async (tx) => {
      const before = await lockEvent(tx, stripeEventId);
      const unread: EventStatus = error instanceof ForeignVersionError ? 'parked' : 'failed';
      const status = before === 'pending' || before === 'processed' ? before : unread;
      await audit(tx, status);
      if (status === 'processed') return status;
      await noteFailedReplay(tx, stripeEventId, status, messageOf(error));
      return status;
    });
  }
}

/** What is kept and shown of an error, which may quote the object that it failed on. */
function messageOf(error: unknown): string {
  return scrub(error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 500);
}

/** Stripe's connections break with the same codes as the database's. */
function isDatabaseAway(error: unknown): boolean {
  return isDatabaseUnavailable(error) && !(error instanceof Stripe.errors.StripeError);
}

/** Ends when all have ended. @throws the first error. */
async function inLanes<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  const waiting = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of waiting) await work(item, index);
  };
  const ends = await Promise.allSettled(Array.from({ length: CONCURRENCY }, lane));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
