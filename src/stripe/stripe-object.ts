import type Stripe from 'stripe';

/** The id behind a reference, which Stripe gives expanded or not. */
export function idOf(reference: string | { id: string } | null | undefined): string | null {
  return (typeof reference === 'object' ? reference?.id : reference) ?? null;
}

/** The last second of the year 9999; what is beyond is no moment that anybody meant, and soon none that a date can hold. */
const LAST_SECOND = 253_402_300_799;

/**
 * An object lacks a field, or has something in it that Stripe's API says is never there: it was rendered by another
 * version than it says, or not by Stripe. Nothing is guessed in its place. The message does not quote what stands there.
 */
class UnreadableFieldError extends Error {
  override readonly name = 'UnreadableFieldError';

  constructor(object: object, field: string, expected: string) {
    const { object: kind, id, [field]: value } = object as Record<string, unknown>;
    const of = typeof kind === 'string' && typeof id === 'string' ? ` of ${kind} ${id}` : '';
    super(value === undefined ? `${field}${of} is missing` : `${field}${of} is not ${expected}, but ${kindOf(value)}`);
  }
}

/**
 * An amount of the object, in minor units.
 * @throws UnreadableFieldError when it is none: BigInt takes an empty text or list for zero, and true for one.
 */
export function getAmountMinor<T extends object>(object: T, field: keyof T & string): bigint {
  const amount: unknown = object[field];
  if (typeof amount === 'number' && Number.isInteger(amount)) return BigInt(amount);
  throw new UnreadableFieldError(object, field, 'a whole number of minor units');
}

/** A moment of the object, which Stripe gives in seconds. @throws UnreadableFieldError when it is none. */
export function getMoment<T extends object>(object: T, field: keyof T & string): Date {
  const seconds: unknown = object[field];
  if (typeof seconds === 'number' && seconds >= 0 && seconds <= LAST_SECOND) return new Date(seconds * 1000);
  throw new UnreadableFieldError(object, field, 'a moment in seconds');
}

/** The object's currency. @throws UnreadableFieldError when it is none: each text would have balances of its own. */
export function getCurrency(object: { currency: string }): string {
  const currency: unknown = object.currency;
  if (typeof currency === 'string' && /^[a-z]{3,5}$/.test(currency)) return currency;
  throw new UnreadableFieldError(object, 'currency', 'a currency in lower case');
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

/**
 * What a page of a list holds. The SDK takes some answers of proxies for lists (stripe.md), and an empty list would
 * count as complete.
 * @throws Error when the answer is no list.
 */
export function listedIn<T>(page: { object?: string; data?: T[]; has_more?: boolean }): T[] {
  const { object, data, has_more: hasMore } = page;
  if (object !== 'list' || !Array.isArray(data) || typeof hasMore !== 'boolean' || (hasMore && data.length === 0)) {
    throw new Error('Stripe answered with something that is no list');
  }
  return data;
}

/** A metadata value that says something. The object may lack metadata altogether: events hold what was rendered then. */
export function metadataValue(metadata: Stripe.Metadata | null | undefined, key: string): string | null {
  return metadata?.[key] || null;
}
