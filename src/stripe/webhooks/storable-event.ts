import type { InboundEvent, SignedEvent } from './webhook-verifier.js';

/** Escapes of JSON: whole surrogate pairs, what PostgreSQL cannot store (a null character, half of a pair), and all others. */
const ESCAPES = /\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u0000|\\u[dD][89a-fA-F][\da-fA-F]{2}|\\./g;
const UNSTORABLE_LENGTH = '\\u0000'.length;
/** Whether it is worth looking at each escape. */
const SUSPICIOUS = /\\u(?:0000|[dD][89a-fA-F])/;
const REPLACEMENT = '\\ufffd';
/** Stands for a number that could not be kept. */
export const UNREADABLE_NUMBER = '\ufffd';

/**
 * The event as PostgreSQL can store it: what people typed in, or a program cut off in the middle of an emoji, must not keep
 * out the invoice that it stands in. Of JSON text that has no such characters but as escapes.
 */
export function storableEvent(signed: SignedEvent): SignedEvent {
  if (!SUSPICIOUS.test(signed.text)) return signed;
  const text = signed.text.replace(ESCAPES, (escape) => (escape.length === UNSTORABLE_LENGTH ? REPLACEMENT : escape));
  return text === signed.text ? signed : { event: JSON.parse(text) as InboundEvent, text };
}

/**
 * The same for numbers: what is too large for JavaScript (1e999) may be too large for PostgreSQL, and is nobody's amount. In
 * its place stands what nothing reads as a number; null would be taken for one that Stripe left out.
 */
export function withReadableNumbers(event: InboundEvent): SignedEvent {
  const text = JSON.stringify(event, readableNumber);
  return { event: JSON.parse(text) as InboundEvent, text };
}

/** For JSON.stringify, which writes null for such numbers. */
export function readableNumber(_field: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? UNREADABLE_NUMBER : value;
}
