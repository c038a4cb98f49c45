import { Clock } from './clock.js';
import { firstIdAt, IdGenerator, isId } from './ids.js';

class SetClock extends Clock {
  constructor(public at: Date) {
    super();
  }
  now(): Date {
    return this.at;
  }
}

describe('ids', () => {
  const clock = new SetClock(new Date('2026-12-01T00:00:00.000Z'));

  it('have their prefix and form', () => {
    const id = new IdGenerator(clock).next('affiliate');
    expect(isId('affiliate', id)).toBe(true);
    expect(isId('click', id)).toBe(false);
  });

  it('sort in the order they were made, also within a millisecond and when the clock goes back', () => {
    const ids = new IdGenerator(clock);
    const made = Array.from({ length: 10_000 }, () => ids.next('click'));
    clock.at = new Date('2026-11-30T00:00:00.000Z');
    made.push(ids.next('click'));
    expect(made).toEqual([...made].sort());
    expect(new Set(made).size).toBe(made.length);
    clock.at = new Date('2026-12-01T00:00:00.000Z');
  });

  it('lie within the bounds of their time, so that a range of ids is a range of time', () => {
    const id = new IdGenerator(clock).next('click');
    expect(id >= firstIdAt('click', clock.at)).toBe(true);
    expect(id < firstIdAt('click', new Date(clock.at.getTime() + 1))).toBe(true);
  });
});
