import { compareLossStatus, isKnownLossStatus, lossEffect, type LossEffect, type LossSource } from './loss-status.js';

/** The statuses of each kind in the order of its life, with one in its place that we do not know. */
const LIVES: Record<LossSource, [string, LossEffect][]> = {
  refund: [
    ['pending', 'none'],
    ['under_way', 'none'],
    ['succeeded', 'taken'],
    ['canceled', 'none'],
    ['failed', 'none'],
  ],
  dispute: [
    ['warning_needs_response', 'held'],
    ['warning_under_review', 'held'],
    ['warning_escalated', 'held'],
    ['warning_closed', 'none'],
    ['needs_response', 'taken'],
    ['under_review', 'taken'],
    ['arbitration', 'taken'],
    ['lost', 'taken'],
    ['appeal_needs_response', 'taken'],
    ['appeal_under_review', 'taken'],
    ['prevented', 'none'],
    ['won', 'none'],
  ],
  credit_note: [
    ['issued', 'taken'],
    ['amended', 'taken'],
    ['void', 'none'],
  ],
};
const UNKNOWN = ['under_way', 'warning_escalated', 'arbitration', 'amended'];

describe.each(Object.entries(LIVES) as [LossSource, [string, LossEffect][]][])('a %s', (source, life) => {
  it('costs in each status what it should, also in one that we do not know', () => {
    expect(life.map(([status]) => [status, lossEffect(source, status)])).toEqual(life);
    expect(life.filter(([status]) => !isKnownLossStatus(source, status)).map(([status]) => status)).toEqual(
      UNKNOWN.filter((status) => life.some(([known]) => known === status)),
    );
  });

  it('never goes back in its life, whatever of two statuses is told later', () => {
    const statuses = life.map(([status]) => status);
    for (const [n, earlier] of statuses.entries()) {
      for (const later of statuses.slice(n + 1)) {
        expect([earlier, later, compareLossStatus(source, earlier, later) < 0]).toEqual([earlier, later, true]);
        expect([earlier, later, compareLossStatus(source, later, earlier) > 0]).toEqual([earlier, later, true]);
      }
      expect(compareLossStatus(source, earlier, earlier)).toBe(0);
    }
  });
});
