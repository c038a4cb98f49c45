import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { ClaimedEvents } from './claimed-events.js';
import { EventProcessor } from './event-processor.js';
import { WebhookInbox } from './webhook-inbox.js';

/** Events that are worked on together: each statement of theirs is one for all of them. */
const GROUP_MAX = 100;

/** While one group is prepared, the database works on the other. */
const LANES = 2;

/** How often the inbox is looked into for what others have left, and for what is to be tried again. */
const LOOK_EVERY_MS = 1_000;

/** Works off the inbox in this process: what it has stored itself from memory, and whatever else is due. */
@Injectable()
export class EventWorker implements BeforeApplicationShutdown {
  private readonly logger = new Logger(EventWorker.name);
  private lanes: Promise<unknown> = Promise.resolve();
  private stopping = false;
  private lookAtMs = 0;
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
    if (performance.now() >= this.lookAtMs) await this.look();
    const group = this.claimed.take(GROUP_MAX);
    if (group.length === 0) return this.untilNews();
    try {
      await this.processor.process(group);
      this.claimed.done(group);
    } catch (error) {
      this.claimed.putBack(group);
      throw error;
    }
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
