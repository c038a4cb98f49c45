import type Stripe from 'stripe';

/** The id behind a reference, which Stripe gives expanded or not. */
export function idOf(reference: string | { id: string } | null | undefined): string | null {
  return (typeof reference === 'object' ? reference?.id : reference) ?? null;
}

/** A metadata value that says something. The object may lack metadata altogether: events hold what was rendered then. */
export function metadataValue(metadata: Stripe.Metadata | null | undefined, key: string): string | null {
  return metadata?.[key] || null;
}
