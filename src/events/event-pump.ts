import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { SingleFlight } from '../common/single-flight.js';
import { EventConsumers, type EventConsumer } from './event-consumers.js';
import { EventPublisher } from './event-publisher.js';

/** A notification at each commit would be quicker, and would have all writers queue behind one lock. */
const TICK_MS = 1_000;

/** Publishes what was committed and hands it to the consumers, each second on every instance. */
@Injectable()
export class EventPump implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Events');
  private readonly flight = new SingleFlight();
  private stopping = false;
  /** What does not work at the moment: told once, not each second. */
  private readonly failing = new Set<string>();

  constructor(
    private readonly publisher: EventPublisher,
    private readonly consumers: EventConsumers,
  ) {}

  /** Never rejects. A second call while one is under way joins it. */
  @Interval(TICK_MS)
  async tick(): Promise<void> {
    if (this.stopping) return;
    await this.flight.join(() => this.work());
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.flight.ended();
  }

  private async work(): Promise<void> {
    let behind: EventConsumer[] = [];
    await this.attempt('publisher', async () => {
      await this.publisher.publish();
      behind = await this.consumers.findBehind();
    });
    // One that cannot go on does not stop the others.
    for (const consumer of behind) await this.attempt(consumer.name, () => this.handOver(consumer));
  }

  private async handOver(consumer: EventConsumer): Promise<void> {
    let mayBeMore = true;
    while (mayBeMore && !this.stopping) mayBeMore = await this.consumers.advance(consumer);
  }

  private async attempt(who: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      if (this.failing.delete(who)) this.logger.log({ message: 'events go on', who });
    } catch (error) {
      if (this.failing.has(who)) return;
      this.failing.add(who);
      this.logger.error({ message: 'events are held up; tried again each second', who, error: String(error) });
    }
  }
}
