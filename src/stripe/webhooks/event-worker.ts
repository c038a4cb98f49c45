import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { ClaimedEvents } from './claimed-events.js';
import { EventProcessor } from './event-processor.js';
import { WebhookInbox } from './webhook-inbox.js';

/**
 * Events that are worked on together: each statement of theirs is one for all of them. Each takes about four advisory locks,
 * of which PostgreSQL has room for 6,400 as it is shipped, whatever number of instances shares it.
 */
const GROUP_MAX = 150;

/** While one group is worked out here, the database works on the other. */
const LANES = 2;

/** How often the inbox is looked into for what others have left, and for what is to be tried again. */
const LOOK_EVERY_MS = 1_000;

/**
 * What Stripe waits for comes first: while a rush of events is being stored, none is worked on, for at most this long. Both
 * would share the same processors, and Stripe would wait for what nobody waits for.
 */
const STEP_BACK_MS_MAX = 1_500;
const STEP_BACK_CHECK_MS = 10;

/** Works off the inbox in this process: what it has stored itself from memory, and whatever else is due. */
@Injectable()
export class EventWorker implements BeforeApplicationShutdown {
  private readonly logger = new Logger(EventWorker.name);
  private lanes: Promise<unknown> = Promise.resolve();
  private stopping = false;
  private lookAtMs = 0;
  /** Since when it steps back, or has, without having worked everything off since; null when it may do so again. */
  private steppedBackAtMs: number | null = null;
  /** Ends the waiting of all lanes. */
  private news = new AbortController();

  constructor(
    private readonly inbox: WebhookInbox,
    private readonly claimed: ClaimedEvents,
    private readonly processor: EventProcessor,
  ) {}

  /** From now on this process works. Whatever waited when it started is due: who had claimed it may be gone. */
  async start(): Promise<void> {
    await this.inbox.releaseAll();
    this.claimed.open(() => this.wake());
    this.lanes = Promise.all(Array.from({ length: LANES }, () => this.work()));
  }

  /** Begins no further group, resolves once those under way have ended, and leaves the rest to whoever works next. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.inbox.drain();
    const left = this.claimed.close();
    this.wake();
    await this.lanes;
    try {
      await this.inbox.release([...left, ...this.claimed.close()]);
    } catch (error) {
      this.logger.warn({ message: 'claimed events are worked on once the claim has run out', error: String(error) });
    }
  }

  private wake(): void {
    this.news.abort();
    this.news = new AbortController();
  }

  private async work(): Promise<void> {
    while (!this.stopping) {
      try {
        await this.workOnce();
      } catch (error) {
        this.logger.warn({ message: 'events could not be worked on; tried again in a second', error: String(error) });
        await this.untilNews();
      }
    }
  }

  private async workOnce(): Promise<void> {
    await this.stepBack();
    if (performance.now() >= this.lookAtMs) await this.look();
    const group = this.claimed.take(GROUP_MAX);
    if (group.length === 0) {
      this.steppedBackAtMs = null;
      return this.untilNews();
    }
    try {
      await this.processor.process(group);
      this.claimed.done(group);
    } catch (error) {
      this.claimed.putBack(group);
      throw error;
    }
  }

  /** Once for all lanes, and again only after all was worked off: under a load without end, work goes on beside it. */
  private async stepBack(): Promise<void> {
    if (!this.inbox.isInRush()) return;
    this.steppedBackAtMs ??= performance.now();
    const untilMs = this.steppedBackAtMs + STEP_BACK_MS_MAX;
    while (this.inbox.isInRush() && performance.now() < untilMs && !this.stopping) await pause(STEP_BACK_CHECK_MS);
  }

  /** A full group hints at more, which would otherwise wait for the next look, group after group. */
  private async look(): Promise<void> {
    this.lookAtMs = performance.now() + LOOK_EVERY_MS;
    const found = await this.inbox.claimDue(GROUP_MAX);
    if (found.length === GROUP_MAX) this.lookAtMs = 0;
    this.claimed.add(found);
  }

  /** Until there is something new, at most until the next look. */
  private async untilNews(): Promise<void> {
    const { signal } = this.news;
    await pause(LOOK_EVERY_MS, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
