import { Clock } from './clock.js';
import { firstIdAt, idAt, IdGenerator, isId } from './ids.js';

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

  it('are those of the generator, also from randomness that is given', () => {
    const atMs = clock.at.getTime();
    for (const random of [0, 0x3fffffff, 0x2aaaaaaa]) {
      const id = idAt('click', atMs, 7, random, -random);
      expect(isId('click', id)).toBe(true);
      expect(id >= firstIdAt('click', clock.at)).toBe(true);
      expect(id < firstIdAt('click', new Date(atMs + 1))).toBe(true);
    }
    const made = Array.from({ length: 4096 }, (_, counter) => idAt('click', atMs, counter, 4095 - counter, 0));
    expect(made).toEqual([...made].sort());
    // As any id of a moment begins, up to its counter.
    const next = new IdGenerator(clock).next('click');
    expect(idAt('click', atMs, 0, 0, 0).slice(0, 17)).toBe(next.slice(0, 17));
  });
});
