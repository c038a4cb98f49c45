import Stripe from 'stripe';

/** Whether Stripe answered that the object does not exist (in this mode, for this key). */
export function isResourceMissing(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeError && (error.statusCode === 404 || error.code === 'resource_missing');
}

/** For logs and stored attempts: what kind of failure it was, without any payload. */
export function describeStripeError(error: unknown): string {
  if (error instanceof Stripe.errors.StripeError) {
    return [error.type, error.statusCode, error.code, error.requestId].filter(Boolean).join(' ');
  }
  return error instanceof Error ? error.name : 'unknown error';
}

/** The answer, or null where Stripe says that there is no such object. */
export async function unlessMissing<T>(request: Promise<T>): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    if (isResourceMissing(error)) return null;
    throw error;
  }
}
