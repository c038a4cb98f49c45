import Sequencer from '@jest/test-sequencer';

/**
 * By how long their files take: what begins last should not be what all wait for. The two that keep a core busy for long
 * are not begun together. Unit tests take next to no time.
 */
const PLACES = ['properties/ledger', 'scenarios', 'browser', 'properties', 'failures', 'integration'];

/** Jest knows how long a file took last time, but on a machine that has never run it nothing but its size. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => placeOf(one) - placeOf(other));
  }
}

function placeOf({ path }) {
  const place = PLACES.findIndex((start) => path.includes(`/test/${start}`));
  return place === -1 ? PLACES.length : place;
}
