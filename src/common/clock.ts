/**
 * The only source of the current time. Injected everywhere, so that tests and the demo can let months pass and a
 * payout run can take any moment for now; a lint rule bans `new Date()` and `Date.now()` elsewhere.
 */
export abstract class Clock {
  abstract now(): Date;
}

export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }
}
