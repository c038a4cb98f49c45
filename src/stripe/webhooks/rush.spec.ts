import { Rush } from './rush.js';

/** Notes so many a second from one moment until another. */
function note(rush: Rush, perSecond: number, fromMs: number, untilMs: number): void {
  for (let atMs = fromMs; atMs < untilMs; atMs += 1_000 / perSecond) rush.note(atMs);
}

describe('a rush of events', () => {
  it('is on as long as very many come in, without a break, and over soon after', () => {
    const rush = new Rush();
    expect(rush.isOn(0)).toBe(false);
    note(rush, 2_000, 0, 30);
    for (let atMs = 30; atMs < 1_000; atMs += 10) {
      note(rush, 2_000, atMs, atMs + 10);
      expect(rush.isOn(atMs + 10)).toBe(true);
    }
    expect(rush.isOn(1_100)).toBe(false);
  });

  it('is none when a few come in at the same moment, or some all the time', () => {
    const rush = new Rush();
    for (let n = 0; n < 20; n++) rush.note(0);
    expect(rush.isOn(1)).toBe(false);
    note(rush, 300, 100, 2_000);
    expect(rush.isOn(2_000)).toBe(false);
  });
});
