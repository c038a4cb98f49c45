import { absenceCertainAt, mustLookUp } from './unresolved-request.js';

const SENT = new Date('2026-12-01T06:00:00Z');
const REQUEST = { firstSentAt: SENT, lastSentAt: new Date('2026-12-01T06:20:00Z'), credentialId: 'key-a' };
const after = (hours: number, milliseconds = 0): Date => new Date(SENT.getTime() + hours * 3_600_000 + milliseconds);

describe('a request without an answer', () => {
  it.each([
    ['is sent again with its key right away', { now: SENT }, false],
    ['is sent again with its key just before 20 hours', { now: after(20, -1) }, false],
    ['is looked up from 20 hours on', { now: after(20) }, true],
    ['is looked up when the credentials are others by now', { now: SENT, credentialId: 'key-b' }, true],
    ['is looked up when the affiliate may not be paid any more', { now: SENT, isEligible: false }, true],
  ])('%s', (_title, present, expected) => {
    expect(mustLookUp(REQUEST, { credentialId: 'key-a', isEligible: true, ...present })).toBe(expected);
  });

  it('is certainly not there only ten minutes after it was last sent', () => {
    expect(absenceCertainAt(REQUEST)).toEqual(new Date('2026-12-01T06:30:00Z'));
  });
});
