import { Clock } from '../common/clock.js';
import { Crowd } from './crowd.js';

class StandingClock extends Clock {
  nowMs = Date.UTC(2026, 11, 1);

  now(): Date {
    return new Date(this.nowMs);
  }
}

/** Nobody waits in vain for an hour while a test runs. */
const HOUR_MS = 3_600_000;

describe('Crowd', () => {
  let clock: StandingClock;
  let events: string[];

  beforeEach(() => {
    clock = new StandingClock();
    events = [];
  });

  const join = (crowd: Crowd, who: string): (() => void) =>
    crowd.join(
      () => events.push(`${who} goes on`),
      () => events.push(`${who} gives up`),
    );

  it('gives a place that is left to who has waited longest, and turns away who finds no room in line', () => {
    const bounds = { atOnceMax: 2, inLineMax: 2, waitMaxMs: HOUR_MS, lastingWaitMaxMs: HOUR_MS };
    const crowd = new Crowd('test', bounds, clock);
    for (const who of ['a', 'b', 'c', 'd', 'e']) join(crowd, who);
    expect(events).toEqual(['a goes on', 'b goes on', 'e gives up']);
    expect([crowd.size, crowd.lineLength]).toEqual([2, 2]);

    for (let places = 4; places > 0; places--) crowd.leave();
    expect(events.slice(3)).toEqual(['c goes on', 'd goes on']);
    expect([crowd.size, crowd.lineLength]).toEqual([0, 0]);
  });

  it('forgets who leaves the line, of no effect once they have their place', () => {
    const bounds = { atOnceMax: 1, inLineMax: 2, waitMaxMs: HOUR_MS, lastingWaitMaxMs: HOUR_MS };
    const crowd = new Crowd('test', bounds, clock);
    const [leaveA, leaveB, leaveC] = ['a', 'b', 'c'].map((who) => join(crowd, who));
    leaveA?.();
    leaveB?.();
    crowd.leave();
    leaveC?.();
    expect(events).toEqual(['a goes on', 'c goes on']);
    expect([crowd.size, crowd.lineLength]).toEqual([1, 0]);
  });

  it('tells who joins a line that does not end sooner than who joined when it began', async () => {
    const bounds = { atOnceMax: 1, inLineMax: 9, waitMaxMs: HOUR_MS, lastingWaitMaxMs: 1 };
    const crowd = new Crowd('test', bounds, clock);
    join(crowd, 'a');
    const leaveB = join(crowd, 'b');
    clock.nowMs += HOUR_MS;
    await new Promise<void>((tell) => crowd.join(() => undefined, tell));
    expect(crowd.lineLength).toBe(1);

    leaveB();
    // Nobody waits any more, so this is a burst again.
    join(crowd, 'd');
    clock.nowMs += HOUR_MS;
    await new Promise<void>((tell) => crowd.join(() => undefined, tell));
    crowd.leave();
    expect(events).toEqual(['a goes on', 'd goes on']);
  });
});
