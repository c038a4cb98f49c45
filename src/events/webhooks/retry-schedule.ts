const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long after a try that failed the next one is, for one delivery: three days in all. */
const DELAYS_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  24 * HOUR_MS,
  24 * HOUR_MS,
];

/** So many tries of one delivery; after them an endpoint that takes others is no longer asked to take this one. */
export const TRIES_MAX = DELAYS_MS.length + 1;

/** From so many failures in a row on, whatever the deliveries, the endpoint is taken to be down. */
export const FAILURES_UNTIL_PAUSE = 3;

export function isDown({ failures }: { failures: number }): boolean {
  return failures >= FAILURES_UNTIL_PAUSE;
}

const FIRST_PAUSE_MS = 15 * SECOND_MS;
const PAUSE_MAX_MS = HOUR_MS;

/** An endpoint that takes nothing for so long is disabled. */
export const DISABLED_AFTER_MS = 5 * DAY_MS;

/** @param tries how many have failed. */
export function delayAfterMs(tries: number): number {
  return DELAYS_MS[Math.max(0, Math.min(tries, DELAYS_MS.length) - 1)] ?? 0;
}

/**
 * How long nothing is tried at an endpoint that is down: twice as long after each failure, an hour at most. So it is found
 * to be back after about as long again as it was away.
 *
 * @param failures how many there were in a row, FAILURES_UNTIL_PAUSE at least.
 */
export function pauseAfterMs(failures: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (failures - FAILURES_UNTIL_PAUSE), PAUSE_MAX_MS);
}
