import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const LOOK_EVERY_MS = 6_000;
/** Of the time; more than this is left to V8, which collects by itself as more is allocated. */
const BUSY_SHARE = 0.2;
/**
 * V8 gives back the room for new objects only once it has seen that few are made, and what one collection has emptied with
 * the next one.
 */
const COLLECTIONS = 3;

/**
 * Gives back what starting has left behind, a quarter of the process, as soon as little is asked of it: V8 keeps that for
 * as long as nothing is allocated. Some 100 ms each time, and never again.
 */
export function collectGarbageOnceIdle(): void {
  const collect = collector();
  let before = performance.eventLoopUtilization();
  let left = COLLECTIONS;
  const looking = setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(before);
    if (utilization < BUSY_SHARE) {
      collect();
      left -= 1;
    }
    if (left === 0) clearInterval(looking);
    before = performance.eventLoopUtilization();
  }, LOOK_EVERY_MS);
  looking.unref();
}

/** By a flag of V8, set here since whoever starts Node need not know of it. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return collect;
}
