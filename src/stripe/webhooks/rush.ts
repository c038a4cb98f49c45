/** So many within so short a time are a rush, 500 a second: storing them takes a good part of a processor. */
const RUSH_SIZE = 25;
const WINDOW_MS = 50;

/** A rush is taken to last for this long after it was last seen: the time in which the next window may show it. */
const ECHO_MS = 60;

/** Whether events come in so fast that to acknowledge them is work enough. Moments are what `performance.now()` says. */
export class Rush {
  private windowFromMs = Number.NEGATIVE_INFINITY;
  private inWindow = 0;
  private seenAtMs = Number.NEGATIVE_INFINITY;

  /** One more has come in. */
  note(atMs: number): void {
    if (atMs - this.windowFromMs > WINDOW_MS) {
      this.windowFromMs = atMs;
      this.inWindow = 0;
    }
    this.inWindow += 1;
    if (this.inWindow >= RUSH_SIZE) this.seenAtMs = atMs;
  }

  isOn(atMs: number): boolean {
    return atMs - this.seenAtMs < ECHO_MS;
  }
}
