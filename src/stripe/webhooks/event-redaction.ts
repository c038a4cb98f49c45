import { UNREADABLE_NUMBER } from './storable-event.js';

/**
 * The fields whose texts are ids or words of Stripe's own: with the numbers, all that an event is processed by. Everything
 * else may say who somebody is, and a field that Stripe adds tomorrow is taken for one of those.
 */
const KEPT_TEXTS = new Set([
  ...['id', 'object', 'type', 'api_version', 'created', 'account', 'currency', 'status', 'reason', 'mode', 'interval'],
  ...[
    'customer',
    'subscription',
    'invoice',
    'invoice_payment',
    'payment_intent',
    'charge',
    'refund',
    'dispute',
    'price',
  ],
  ...['discount', 'discounts', 'promotion_code'],
  ...['credit_note', 'product', 'plan', 'latest_invoice', 'latest_charge', 'payment', 'payment_link', 'payment_status'],
  ...[
    'billing_reason',
    'collection_method',
    'usage_type',
    'unit_amount_decimal',
    'failure_code',
    'balance_transaction',
  ],
  ...['destination', 'destination_payment', 'source_transaction', 'transfer', 'transfer_group', 'payout'],
]);

/** Dates of birth and of cards are numbers. */
const DROPPED_NUMBERS = new Set(['dob', 'exp_month', 'exp_year']);

/** Ids of ours, which transfers carry in their metadata. */
const OWN_ID = /^(aff|po|run)_[0-9a-z]{26}$/;

export interface Pseudonym {
  pseudonym: string;
  /** The metadata key that holds the host's user id. */
  metadataKey: string;
}

/**
 * An event about an erased person without what says who it is: replayed, it has the effect that it had, under the
 * pseudonym. Idempotent.
 */
export function withoutPerson<T>(event: T, terms: Pseudonym): T {
  return redacted(event, '', terms) as T;
}

/** Whether the event names the user where the host's user ids stand. */
export function namesUser(value: unknown, userId: string, metadataKey: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([field, item]: [string, unknown]) => {
    if (field === 'client_reference_id' && item === userId) return true;
    if (field === 'metadata' && isRecord(item) && item[metadataKey] === userId) return true;
    return namesUser(item, userId, metadataKey);
  });
}

function redacted(value: unknown, field: string, terms: Pseudonym): unknown {
  if (typeof value === 'string') return redactedText(value, field, terms);
  if (Array.isArray(value)) return value.map((item) => redacted(item, field, terms)).filter((item) => item !== null);
  if (!isRecord(value)) return DROPPED_NUMBERS.has(field) ? null : value;
  if (field === 'metadata') return redactedMetadata(value, terms);
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, DROPPED_NUMBERS.has(name) ? null : redacted(item, name, terms)]),
  );
}

function redactedText(text: string, field: string, { pseudonym }: Pseudonym): string | null {
  if (field === 'client_reference_id') return pseudonym;
  return KEPT_TEXTS.has(field) || text === UNREADABLE_NUMBER ? text : null;
}

function redactedMetadata(metadata: Record<string, unknown>, { pseudonym, metadataKey }: Pseudonym): object {
  const kept = Object.entries(metadata).flatMap(([name, text]): [string, unknown][] => {
    if (name === metadataKey) return [[name, pseudonym]];
    return typeof text === 'string' && OWN_ID.test(text) ? [[name, text]] : [];
  });
  return Object.fromEntries(kept);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
