import { Clock } from '../common/clock.js';

/** Runs as fast as real time, from whatever moment the story is at; after `returnToPresent` it is the system's clock. */
export class StoryClock extends Clock {
  private offsetMs = 0;

  constructor(private readonly system: Clock) {
    super();
  }

  now(): Date {
    return new Date(this.system.now().getTime() + this.offsetMs);
  }

  travelTo(moment: Date): void {
    this.offsetMs = moment.getTime() - this.system.now().getTime();
  }

  returnToPresent(): void {
    this.offsetMs = 0;
  }
}
