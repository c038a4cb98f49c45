import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/domain-error.js';
import { StripeConnection } from '../stripe-connection.js';

/** Stripe's own tolerance, here in both directions: the SDK alone accepts timestamps from the future. */
const TOLERANCE_SECONDS = 300;

/** A thin notification of API v2: names what changed, without showing it. */
export interface ThinEvent {
  object: 'v2.core.event';
  id: string;
  type: string;
  livemode?: boolean;
  created: string;
  related_object?: { id: string; type: string } | null;
}

/** A snapshot event as it was sent; its `data.object` may be of an API version other than ours. */
export type SnapshotEvent = Pick<Stripe.Event, 'object' | 'id' | 'type' | 'created' | 'account' | 'api_version'> & {
  livemode?: boolean;
  data: { object: { id?: string; object?: string } & Record<string, unknown> };
};

export type InboundEvent = ThinEvent | SnapshotEvent;

/** An event and the JSON that it was read from. */
export interface SignedEvent {
  event: InboundEvent;
  text: string;
}

class BadWebhookError extends DomainError {
  constructor(code: string, message: string) {
    super('invalid', code, message);
  }
}

/** Proves that a webhook was signed by Stripe a moment ago, over the very bytes that arrived. */
@Injectable()
export class WebhookVerifier {
  private readonly signature: NonNullable<Stripe['webhooks']['signature']>;

  constructor(
    stripe: Stripe,
    private readonly connection: StripeConnection,
    private readonly clock: Clock,
  ) {
    if (!stripe.webhooks.signature) throw new Error('this build of the Stripe SDK cannot verify signatures');
    this.signature = stripe.webhooks.signature;
  }

  /** @throws BadWebhookError (400) for a wrong signature, a stale or future timestamp, or a body that is no event. */
  verify(rawBody: Buffer | undefined, signature: string | undefined): SignedEvent {
    if (!rawBody?.length) throw new BadWebhookError('webhook_body_missing', 'The body is empty.');
    if (!signature) throw new BadWebhookError('webhook_signature_missing', 'The Stripe-Signature header is missing.');
    this.checkTimestamp(signature);
    // Read once, for the signature as for the event: bytes that are no UTF-8 give a text that nobody has signed.
    const text = rawBody.toString('utf8');
    if (!this.connection.webhookSecrets.some((secret) => this.isSignedWith(text, signature, secret))) {
      throw new BadWebhookError(
        'webhook_signature_invalid',
        'No secret of STRIPE_WEBHOOK_SECRETS matches the signature; the raw body must arrive unchanged.',
      );
    }
    return { event: parseEvent(text), text };
  }

  private checkTimestamp(signature: string): void {
    const skewSeconds = Math.abs(this.clock.now().getTime() / 1000 - timestampOf(signature));
    if (!(skewSeconds <= TOLERANCE_SECONDS)) {
      throw new BadWebhookError(
        'webhook_timestamp_invalid',
        `The signature's timestamp is missing or more than ${TOLERANCE_SECONDS} s off.`,
      );
    }
  }

  private isSignedWith(text: string, signature: string, secret: string): boolean {
    try {
      return this.signature.verifyHeader(text, signature, secret, 0);
    } catch (error) {
      if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
      throw error;
    }
  }
}

/**
 * The moment in the header that is signed, NaN where there is none. Of several the SDK takes the last for what was signed, so
 * that a fresh one in front of an old one would make a replay of it.
 */
function timestampOf(signature: string): number {
  const [moment, ...others] = signature.split(',').filter((part) => part.split('=', 1)[0] === 't');
  const seconds = others.length === 0 ? /^t=(\d{1,12})$/.exec(moment ?? '')?.[1] : undefined;
  return seconds === undefined ? NaN : Number(seconds);
}

function parseEvent(text: string): InboundEvent {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new BadWebhookError('webhook_not_an_event', 'The body is signed but is not JSON.');
  }
  if (!isEvent(body)) throw new BadWebhookError('webhook_not_an_event', 'The body is signed but is no Stripe event.');
  return body;
}

function isEvent(body: unknown): body is InboundEvent {
  if (!isObject(body)) return false;
  const { object, id, type, data } = body;
  if (typeof id !== 'string' || !id || id.length > 255 || typeof type !== 'string' || !type) return false;
  return object === 'v2.core.event' || (object === 'event' && isObject(data) && isObject(data['object']));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
