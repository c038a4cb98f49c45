import Stripe from 'stripe';

/** How to reach Stripe, or the emulator in its place. */
export abstract class StripeConnection {
  abstract readonly secretKey: string;
  /** Undefined for Stripe's own address. */
  abstract readonly apiBase: string | undefined;
  /** Each is tried: rotation, and one per endpoint (platform and Connect). */
  abstract readonly webhookSecrets: readonly string[];
  abstract readonly livemode: boolean;
}

const TIMEOUT_MS = 20_000;

export type StripeHttpClient = InstanceType<typeof Stripe.HttpClient>;

/**
 * The official SDK. Its own retries are off: whether a request may be sent again is decided by whoever knows the
 * idempotency key and what is at stake.
 */
export function createStripeClient(connection: StripeConnection, httpClient?: StripeHttpClient): Stripe {
  const base = connection.apiBase ? new URL(connection.apiBase) : undefined;
  return new Stripe(connection.secretKey, {
    maxNetworkRetries: 0,
    timeout: TIMEOUT_MS,
    telemetry: false,
    ...(httpClient && { httpClient }),
    ...(base && {
      host: base.hostname,
      port: base.port || (base.protocol === 'https:' ? 443 : 80),
      protocol: base.protocol === 'https:' ? ('https' as const) : ('http' as const),
    }),
  });
}
