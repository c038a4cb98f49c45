import { CLAIM_SECONDS, ClaimedEvents, isStillClaimed, type ClaimedEvent } from './claimed-events.js';

const MIB = 1024 * 1024;

function claimedEvent(id: string, bytes = 1_000, claimedAtMs = performance.now()): ClaimedEvent {
  const event = { object: 'v2.core.event' as const, id, type: 'x', created: '2026-12-01T00:00:00Z' };
  return { event, receivedAt: new Date(0), bytes, claimedAtMs };
}

function opened(): ClaimedEvents {
  const claimed = new ClaimedEvents();
  claimed.open(() => undefined);
  return claimed;
}

const idsOf = (events: ClaimedEvent[]): string[] => events.map(({ event }) => event.id);

describe('the events that a process has claimed', () => {
  it('are none while nobody works on them', () => {
    const claimed = new ClaimedEvents();
    expect(claimed.roomFor([1_000, 1_000])).toBe(0);
    claimed.open(() => undefined);
    expect(claimed.roomFor([1_000, 1_000])).toBe(2);
    claimed.close();
    expect(claimed.roomFor([1_000, 1_000])).toBe(0);
  });

  it('are bounded by their size and by their number', () => {
    const claimed = opened();
    claimed.add([claimedEvent('evt_large', 15 * MIB)]);
    expect(claimed.roomFor([MIB / 2, MIB / 2, 1])).toBe(2);
    claimed.take(1);
    expect(claimed.roomFor([MIB / 2, MIB / 2, 1])).toBe(3);
    claimed.add(Array.from({ length: 3_999 }, (_, n) => claimedEvent(`evt_${n}`, 10)));
    expect(claimed.roomFor([10, 10])).toBe(1);
  });

  it('are taken in their order, and once', () => {
    const claimed = opened();
    claimed.add([claimedEvent('evt_1'), claimedEvent('evt_2'), claimedEvent('evt_1'), claimedEvent('evt_3')]);
    const first = claimed.take(2);
    expect(idsOf(first)).toEqual(['evt_1', 'evt_2']);
    claimed.add([claimedEvent('evt_1'), claimedEvent('evt_3')]);
    expect(idsOf(claimed.take(10))).toEqual(['evt_3']);
    claimed.done(first);
    claimed.add([claimedEvent('evt_1')]);
    expect(idsOf(claimed.take(10))).toEqual(['evt_1']);
  });

  it('come first again when they could not be worked on', () => {
    const claimed = opened();
    claimed.add([claimedEvent('evt_1'), claimedEvent('evt_2'), claimedEvent('evt_3')]);
    claimed.putBack(claimed.take(2));
    expect(idsOf(claimed.take(10))).toEqual(['evt_1', 'evt_2', 'evt_3']);
  });

  it('are named when an end is made of it, but for those under way', () => {
    const claimed = opened();
    claimed.add([claimedEvent('evt_1'), claimedEvent('evt_2'), claimedEvent('evt_3')]);
    claimed.take(1);
    expect(claimed.close()).toEqual(['evt_2', 'evt_3']);
    expect(claimed.isEmpty).toBe(true);
  });

  it('are no longer claimed after a while, unless they were claimed anew meanwhile', () => {
    const claimed = opened();
    const longAgoMs = performance.now() - CLAIM_SECONDS * 1_000;
    claimed.add([claimedEvent('evt_1', 1_000, longAgoMs), claimedEvent('evt_2', 1_000, longAgoMs)]);
    claimed.add([claimedEvent('evt_2')]);
    expect(claimed.take(2).map(isStillClaimed)).toEqual([false, true]);
  });
});
