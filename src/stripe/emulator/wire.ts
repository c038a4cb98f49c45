import type { Stripe } from 'stripe';

/**
 * A Stripe object as it travels over HTTP. The SDK turns decimal strings into `Decimal` objects on
 * arrival, so the emulator, which stands on the other side, holds plain strings in those places.
 */
export type Wire<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends Stripe.Decimal
    ? string
    : T extends readonly (infer Element)[]
      ? Wire<Element>[]
      : T extends object
        ? { [Key in keyof T]: Wire<T[Key]> }
        : never;

/** A page of objects, as Stripe's v1 API answers it. */
export interface WireList<T> {
  object: 'list';
  data: T[];
  has_more: boolean;
  url: string;
}

/** Anything that can be sent as JSON and has names for its parts. */
export type JsonObject = { [key: string]: unknown };

/** Wraps everything there is into one complete list object, as Stripe nests them. */
export function wholeList<T>(data: T[], url: string): WireList<T> {
  return { object: 'list', data, has_more: false, url };
}

/** The id of a reference that may be expanded, or null when there is none. */
export function idOf(reference: string | { id: string } | null | undefined): string | null {
  if (reference === null || reference === undefined) return null;
  return typeof reference === 'string' ? reference : reference.id;
}
