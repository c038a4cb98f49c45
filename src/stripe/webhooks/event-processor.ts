import { Injectable, Logger } from '@nestjs/common';
import Stripe from 'stripe';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import { executorOf, JobQueue } from '../../database/job-queue.js';
import { describeStripeError, isResourceMissing } from '../stripe-errors.js';
import { EventHandlers } from './event-handlers.js';
import { STRIPE_EVENT_QUEUE, type StripeEventJob } from './webhook-inbox.js';
import type { InboundEvent, SnapshotEvent } from './webhook-verifier.js';

/** 5 s, 10 s, 20 s … the last wait is an hour and a half: about three hours in all before an event is `failed`. */
const MAX_ATTEMPTS = 12;
const FIRST_RETRY_SECONDS = 5;

/** Events of a batch that are worked on at once; more would only wait for each other's locks. */
const CONCURRENCY = 4;

class ForeignVersionError extends Error {}

/** Works through the inbox: one transaction per event, which also marks it as done. */
@Injectable()
export class EventProcessor {
  private readonly logger = new Logger(EventProcessor.name);
  /** `endive` of `2026-10-28.endive`: within a family the fields we read do not move. */
  private readonly ourFamily = Stripe.API_VERSION.split('.')[1];

  constructor(
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly jobs: JobQueue,
    private readonly handlers: EventHandlers,
    private readonly stripe: Stripe,
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
    const ids = (jobs as StripeEventJob[]).map((job) => job.stripeEventId);
    const lane = async (): Promise<void> => {
      for (let id = ids.shift(); id !== undefined; id = ids.shift()) {
        try {
          await this.process(id);
        } catch (error) {
          await this.recordFailure(id, error);
        }
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  }

  /** Idempotent; locks the event's inbox row, then what its handler locks. */
  private async process(stripeEventId: string): Promise<void> {
    const stored = await this.database.prisma.stripeEvent.findUnique({ where: { id: stripeEventId } });
    if (stored?.status !== 'pending') return;
    const event = await this.inOurVersion(stored.payload as unknown as InboundEvent);
    const apply = await this.handlers.prepare(event);
    await this.database.transaction(async (tx) => {
      const rows = await tx.$queryRaw<{ status: string }[]>`
        SELECT status FROM stripe_events WHERE id = ${stripeEventId} FOR UPDATE`;
      if (rows[0]?.status !== 'pending') return;
      await apply(tx);
      await tx.stripeEvent.update({
        where: { id: stripeEventId },
        data: { status: 'processed', processedAt: this.clock.now(), lastError: null },
      });
    });
  }

  /** An event rendered by another API version is not read: its object is fetched in ours. */
  private async inOurVersion(event: InboundEvent): Promise<InboundEvent> {
    if (event.object !== 'event' || !event.api_version || event.api_version.split('.')[1] === this.ourFamily)
      return event;
    try {
      return { ...event, data: { object: await this.fetchObject(event) } };
    } catch (error) {
      if (isResourceMissing(error))
        throw new ForeignVersionError(`its object cannot be fetched in ${Stripe.API_VERSION}`);
      throw error;
    }
  }

  private async fetchObject({ data, api_version }: SnapshotEvent): Promise<SnapshotEvent['data']['object']> {
    const { object, id = '' } = data.object;
    switch (object) {
      case 'invoice':
        return { ...(await this.stripe.invoices.retrieve(id)) };
      case 'subscription':
        return { ...(await this.stripe.subscriptions.retrieve(id)) };
      case 'account':
        return { ...(await this.stripe.accounts.retrieve(id)) };
      default:
        throw new ForeignVersionError(`no way to read ${object ?? 'an object'} of API version ${api_version ?? ''}`);
    }
  }

  private async recordFailure(stripeEventId: string, error: unknown): Promise<void> {
    const lastError = error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 500) : String(error);
    const parked = error instanceof ForeignVersionError;
    await this.database.transaction(async (tx) => {
      const { attempts } = await tx.stripeEvent.update({
        where: { id: stripeEventId },
        data: { attempts: { increment: 1 }, lastError },
      });
      const status = parked ? 'parked' : attempts >= MAX_ATTEMPTS ? 'failed' : 'pending';
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
        error: error instanceof Stripe.errors.StripeError ? describeStripeError(error) : lastError,
      });
    });
  }
}
