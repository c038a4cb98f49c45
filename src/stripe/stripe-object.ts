import type Stripe from 'stripe';

/** The id behind a reference, which Stripe gives expanded or not. */
export function idOf(reference: string | { id: string } | null | undefined): string | null {
  return (typeof reference === 'object' ? reference?.id : reference) ?? null;
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
