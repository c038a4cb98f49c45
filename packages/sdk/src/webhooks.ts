import { Webhook } from 'standardwebhooks';
import { FairshareError } from './error.js';

/** What happened. Types that your app does not know are no error: later versions send more. */
export interface FairshareEvent {
  id: string;
  type: string;
  timestamp: string;
  data: Record<string, unknown>;
}

export type WebhookHeaders = { get(name: string): string | null } | Record<string, string | string[] | undefined>;

const SIGNED_HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];

/**
 * Checks that a webhook comes from your service and returns its event. `payload` is the body as it came, byte by byte,
 * not as parsed JSON. While a secret is being replaced, give both.
 *
 * An event may arrive more than once; its `id` says so.
 * @throws FairshareError `webhook_not_verified`: answer with 400.
 */
export function verifyWebhook(
  payload: string | Uint8Array,
  headers: WebhookHeaders,
  secrets: string | readonly string[],
): FairshareEvent {
  const text = typeof payload === 'string' ? payload : Buffer.from(payload).toString('utf8');
  const signed = Object.fromEntries(SIGNED_HEADERS.map((name) => [name, headerOf(headers, name)]));
  let problem: unknown;
  for (const secret of typeof secrets === 'string' ? [secrets] : secrets) {
    try {
      return new Webhook(secret).verify(text, signed) as FairshareEvent;
    } catch (error) {
      problem = error;
    }
  }
  throw new FairshareError({
    code: 'webhook_not_verified',
    message: 'The webhook is not signed with this secret, or it is older than five minutes.',
    cause: problem,
  });
}

function headerOf(headers: WebhookHeaders, name: string): string {
  const value = typeof headers.get === 'function' ? headers.get(name) : (headers as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
}
