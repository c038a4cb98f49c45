import { Injectable, Logger } from '@nestjs/common';
import type { StripeEvent } from '@prisma/client';
import Stripe from 'stripe';
import { AuditLog } from '../../audit/audit-log.js';
import { Clock } from '../../common/clock.js';
import { CommissionsService, type Told } from '../../commissions/commissions.service.js';
import { DomainError } from '../../common/domain-error.js';
import { Database, type Tx } from '../../database/database.js';
import { executorOf, JobQueue } from '../../database/job-queue.js';
import { scrub } from '../../http/logging.js';
import { actedBy, type StaffAct } from '../../staff/staff-act.js';
import { describeStripeError } from '../gateways/stripe-errors.js';
import { EventHandlers, type Effects } from './event-handlers.js';
import { EventReader, ForeignVersionError } from './event-reader.js';
import { STRIPE_EVENT_QUEUE, type StripeEventJob } from './webhook-inbox.js';
import type { InboundEvent } from './webhook-verifier.js';

/** 5 s, 10 s, 20 s … the last wait is an hour and a half: about three hours in all before an event is `failed`. */
const MAX_ATTEMPTS = 12;
const FIRST_RETRY_SECONDS = 5;

/** Events of a batch that are worked on at once; more would only wait for each other's locks. */
const CONCURRENCY = 4;

/** An event that waits, and the facts that are all it tells. */
interface Teller {
  id: string;
  told: Told;
}

/** `ignored` can have no effect; `parked` cannot be read; `failed` needs an operator (docs/operations.md). */
export type EventStatus = 'pending' | 'processed' | 'ignored' | 'parked' | 'failed';

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
    private readonly jobs: JobQueue,
    private readonly handlers: EventHandlers,
    private readonly reader: EventReader,
    private readonly audit: AuditLog,
    private readonly commissions: CommissionsService,
  ) {}

  /** Events whose job was lost with a process are enqueued again; processing twice changes nothing. */
  async resumePending(): Promise<void> {
    await this.database.transaction(async (tx) => {
      const pending = await tx.stripeEvent.findMany({ where: { status: 'pending' }, select: { id: true } });
      await this.jobs.enqueue(
        executorOf(tx),
        STRIPE_EVENT_QUEUE,
        pending.map(({ id }) => ({ stripeEventId: id }) satisfies StripeEventJob),
      );
    });
  }

  /** A failing event never stops the others: it is retried with back-off and ends as `failed`. */
  async processBatch(jobs: unknown[]): Promise<void> {
    const ids = (jobs as StripeEventJob[]).map(({ stripeEventId }) => stripeEventId);
    const pending = await this.database.prisma.stripeEvent.findMany({ where: { id: { in: ids }, status: 'pending' } });
    const tellers: Teller[] = [];
    await inLanes(pending, async (stored) => {
      const teller = await this.process(stored);
      if (teller) tellers.push(teller);
    });
    await this.takeIn(tellers);
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

  /** Processes a pending event, unless it only tells facts: then it is returned, to be taken in with others. */
  private async process(stored: StripeEvent): Promise<Teller | null> {
    // The keys may have changed since it was stored: from test to live mode, say.
    if (!this.handlers.accepts(eventIn(stored))) {
      await this.giveUp(stored.id, 'pending');
      return null;
    }
    try {
      const effects = await this.prepare(stored);
      if (typeof effects !== 'function') return { id: stored.id, told: effects };
      await this.apply(stored, effects, (status) => status === 'pending');
    } catch (error) {
      await this.recordFailure(stored.id, error);
    }
    return null;
  }

  /**
   * Takes in what these events tell in one transaction, which also marks them as done. One that cannot be taken in fails
   * alone: the rest is halved until it is found. Locks the events' inbox rows in the order of their ids, then what
   * recordAll locks.
   */
  private async takeIn(tellers: Teller[]): Promise<void> {
    if (tellers.length === 0) return;
    try {
      await this.database.transaction(async (tx) => {
        const pending = await lockPending(
          tx,
          tellers.map(({ id }) => id),
        );
        const told = tellers.filter(({ id }) => pending.has(id)).map((teller) => teller.told);
        await this.commissions.recordAll(tx, told);
        await markProcessed(tx, [...pending], this.clock.now());
      });
    } catch (error) {
      const [only] = tellers;
      if (tellers.length === 1 && only) return this.recordFailure(only.id, error);
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
    if (!this.handlers.accepts(eventIn(stored))) {
      return { id, type, before, after: await this.giveUp(id, before, audit), error: null };
    }
    try {
      await this.apply(stored, await this.prepare(stored), () => true, audit);
      return { id, type, before, after: 'processed', error: null };
    } catch (error) {
      return { id, type, before, after: await this.recordFailedReplay(id, error, audit), error: messageOf(error) };
    }
  }

  private async prepare(stored: StripeEvent): Promise<Effects> {
    const event = eventIn(stored);
    const handler = this.handlers.get(event);
    const readable = handler.readsObject ? await this.reader.inOurVersion(event) : event;
    return handler.prepare(readable, stored.receivedAt);
  }

  /** Idempotent; locks the event's inbox row, then what its handler locks. Does nothing in a status not wanted. */
  private async apply(
    stored: StripeEvent,
    effects: Effects,
    isWanted: (status: EventStatus) => boolean,
    audit?: ReplayAudit,
  ): Promise<void> {
    await this.database.transaction(async (tx) => {
      const status = await lockEvent(tx, stored.id);
      if (!isWanted(status)) return;
      await (typeof effects === 'function' ? effects(tx) : this.commissions.recordAll(tx, [effects]));
      await audit?.(tx, 'processed');
      if (status !== 'processed') await markProcessed(tx, [stored.id], this.clock.now());
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

  /** Only of an event that still waits: meanwhile a replay may have processed it. */
  private async recordFailure(stripeEventId: string, error: unknown): Promise<void> {
    await this.database.transaction(async (tx) => {
      if ((await lockEvent(tx, stripeEventId)) !== 'pending') return;
      const { attempts } = await tx.stripeEvent.update({
        where: { id: stripeEventId },
        data: { attempts: { increment: 1 }, lastError: messageOf(error) },
      });
      const status: EventStatus =
        error instanceof ForeignVersionError ? 'parked' : attempts >= MAX_ATTEMPTS ? 'failed' : 'pending';
      if (status === 'pending') {
        const delaySeconds = FIRST_RETRY_SECONDS * 2 ** (attempts - 1);
        await this.jobs.enqueueLater(
          executorOf(tx),
          STRIPE_EVENT_QUEUE,
          { stripeEventId } satisfies StripeEventJob,
          delaySeconds,
        );
      } else {
        await tx.stripeEvent.update({ where: { id: stripeEventId }, data: { status } });
      }
      this.logger[status === 'pending' ? 'warn' : 'error']({
        message: `Stripe event ${status === 'pending' ? 'failed and is retried' : `is ${status}`}`,
        stripeEventId,
        attempts,
        error: error instanceof Stripe.errors.StripeError ? describeStripeError(error) : messageOf(error),
      });
    });
  }

  /** What was processed before stays so, and what waits for its next try still does: its job exists. */
  private async recordFailedReplay(stripeEventId: string, error: unknown, audit: ReplayAudit): Promise<EventStatus> {
    return this.database.transaction(async (tx) => {
      const before = await lockEvent(tx, stripeEventId);
      const unread: EventStatus = error instanceof ForeignVersionError ? 'parked' : 'failed';
      const status = before === 'pending' || before === 'processed' ? before : unread;
      await audit(tx, status);
      if (status === 'processed') return status;
      await tx.stripeEvent.update({
        where: { id: stripeEventId },
        data: { status, attempts: { increment: 1 }, lastError: messageOf(error) },
      });
      return status;
    });
  }
}

function eventIn(stored: StripeEvent): InboundEvent {
  return stored.payload as unknown as InboundEvent;
}

/** What is kept and shown of an error, which may quote the object that it failed on. */
function messageOf(error: unknown): string {
  return scrub(error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 500);
}

async function lockEvent(tx: Tx, stripeEventId: string): Promise<EventStatus> {
  const rows = await tx.$queryRaw<{ status: EventStatus }[]>`
    SELECT status FROM stripe_events WHERE id = ${stripeEventId} FOR UPDATE`;
  if (!rows[0]) throw new Error(`Stripe event ${stripeEventId} is gone`);
  return rows[0].status;
}

/** Those of these events that still wait, locked until the transaction ends. */
async function lockPending(tx: Tx, stripeEventIds: string[]): Promise<Set<string>> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM stripe_events WHERE id = ANY(${stripeEventIds}::text[]) AND status = 'pending' ORDER BY id FOR UPDATE`;
  return new Set(rows.map(({ id }) => id));
}

async function markProcessed(tx: Tx, stripeEventIds: string[], processedAt: Date): Promise<void> {
  await tx.$executeRaw`
    UPDATE stripe_events SET status = 'processed', processed_at = ${processedAt}, last_error = NULL
    WHERE id = ANY(${stripeEventIds}::text[])`;
}

async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const lane = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
}
