import { seededRandom } from './seeded-random.js';

/**
 * - `drop_before`: the socket is destroyed, nothing was done.
 * - `rate_limited_429`, `lock_timeout`: 429, nothing was done and nothing stored under the key.
 * - `unauthorized_401`, `forbidden_403`: as if the key had been revoked, or had lost its right to this request; nothing
 *   was done and nothing stored under the idempotency key.
 * - `idempotency_error`: as if the idempotency key had been used for another request; nothing was done and nothing stored.
 * - `refused_400`: a definite no, stored like any refusal.
 * - `error_500`: nothing is done, the 500 is stored under the key and replayed.
 * - `balance_insufficient`: refused as if the platform's balance were empty; stored like any refusal.
 * - `error_500_after_commit`: the request is carried out, yet a 500 is answered and stored.
 * - `drop_after_commit`: the request is carried out and its answer stored, then the socket is destroyed.
 * - `bad_gateway_502`: a body that is no error of Stripe; carried out first when `afterCommit` is set.
 * - `not_a_transfer`: carried out, but the 200 holds some other object.
 * - `delay_ms`: nothing but the rule's `delayMs` or `until`.
 */
export type RequestFaultKind =
  | 'drop_before'
  | 'rate_limited_429'
  | 'lock_timeout'
  | 'unauthorized_401'
  | 'forbidden_403'
  | 'idempotency_error'
  | 'refused_400'
  | 'error_500'
  | 'balance_insufficient'
  | 'error_500_after_commit'
  | 'drop_after_commit'
  | 'bad_gateway_502'
  | 'not_a_transfer'
  | 'delay_ms';

export const REQUEST_FAULT_KINDS: readonly RequestFaultKind[] = [
  'drop_before',
  'rate_limited_429',
  'lock_timeout',
  'unauthorized_401',
  'forbidden_403',
  'idempotency_error',
  'refused_400',
  'error_500',
  'balance_insufficient',
  'error_500_after_commit',
  'drop_after_commit',
  'bad_gateway_502',
  'not_a_transfer',
  'delay_ms',
];

/** A rule for requests. Rules are a queue: each request takes the first one that fits. */
export interface RequestFault {
  kind: RequestFaultKind;
  /** Any method when absent. */
  method?: string;
  /** The path without its query; `*` stands for one segment. Any path when absent. */
  path?: string;
  /** How many requests it befalls; 1 when absent, `null` for all of them. */
  count?: number | null;
  /** The chance from 0 to 1 that it befalls a fitting request; 1 when absent. */
  probability?: number;
  /** Makes the chance repeatable. */
  seed?: number;
  /**
   * How long the answer is held back in real time: before the request is carried out, while its idempotency key is in
   * use, or with `afterCommit` when all is done and only the answer is late.
   */
  delayMs?: number;
  /** Holds the answer back until this resolves, as `delayMs` does for a time; known only in the emulator's own process. */
  until?: Promise<void>;
  /** For `bad_gateway_502`: what the body is; HTML when absent. */
  body?: 'html' | 'empty_json';
  /** For `bad_gateway_502` and delays: whether the request is carried out first. */
  afterCommit?: boolean;
}

export interface WebhookFault {
  /** `duplicate`: sent `times` more; `drop`: not sent; `reorder`: sent in an order shuffled by `seed`. */
  kind: 'duplicate' | 'drop' | 'reorder';
  /** The event types it befalls; all when absent. */
  types?: string[];
  /** How many deliveries it befalls; all of them when absent. */
  count?: number;
  times?: number;
  seed?: number;
}

/** What befalls one request, if anything. */
export class ChosenFault {
  /** Whether it came to bear. */
  applied = false;

  constructor(readonly rule: RequestFault | null) {}

  /** Whether the request is befallen by this kind of fault; if so the fault has come to bear. */
  takes(kind: RequestFaultKind): boolean {
    if (this.rule?.kind !== kind) return false;
    this.applied = true;
    return true;
  }
}

interface Armed<Rule> {
  rule: Rule;
  left: number;
  random: () => number;
}

/** How the emulator is told to misbehave, from code or over HTTP. */
export class FaultInjector {
  private requests: Armed<RequestFault>[] = [];
  private webhooks: Armed<WebhookFault>[] = [];

  add(rule: RequestFault): void {
    this.requests.push({
      rule: { ...rule },
      left: rule.count === null ? Infinity : (rule.count ?? 1),
      random: seededRandom(rule.seed ?? 1),
    });
  }

  addForWebhooks(rule: WebhookFault): void {
    this.webhooks.push({
      rule: { ...rule },
      left: rule.count ?? Infinity,
      random: seededRandom(rule.seed ?? 1),
    });
  }

  clear(): void {
    this.requests = [];
    this.webhooks = [];
  }

  /** The rules that still have something to befall. */
  pending(): { requests: RequestFault[]; webhooks: WebhookFault[] } {
    return { requests: remaining(this.requests), webhooks: remaining(this.webhooks) };
  }

  /**
   * The fault of this request. It counts as used up from here on, so that of two requests at once
   * only one is befallen; {@link giveBack} returns one that did not come to bear.
   */
  choose(method: string, path: string): ChosenFault {
    const armed = this.requests.find(
      ({ rule, left, random }) => left > 0 && fits(rule, method, path) && random() < (rule.probability ?? 1),
    );
    if (armed) armed.left -= 1;
    return new ChosenFault(armed?.rule ?? null);
  }

  giveBack({ rule, applied }: ChosenFault): void {
    const armed = this.requests.find((candidate) => candidate.rule === rule);
    if (armed && !applied) armed.left += 1;
  }

  /** How often an event is to be sent to an endpoint: 0 when it is dropped, 1 when nothing befalls it. */
  copiesOf(eventType: string): number {
    if (this.takeWebhook('drop', eventType)) return 0;
    return 1 + (this.takeWebhook('duplicate', eventType)?.rule.times ?? 0);
  }

  /** Which of `waiting` events is sent next: the first one, unless they are reordered. */
  nextOf(waiting: number): number {
    const reorder = this.webhooks.find(({ rule }) => rule.kind === 'reorder');
    return reorder ? Math.floor(reorder.random() * waiting) : 0;
  }

  get reorders(): boolean {
    return this.webhooks.some(({ rule }) => rule.kind === 'reorder');
  }

  private takeWebhook(kind: WebhookFault['kind'], eventType: string): Armed<WebhookFault> | null {
    const armed = this.webhooks.find(
      ({ rule, left }) => left > 0 && rule.kind === kind && (rule.types?.includes(eventType) ?? true),
    );
    if (!armed) return null;
    armed.left -= 1;
    return armed;
  }
}

function remaining<Rule>(queue: Armed<Rule>[]): Rule[] {
  return queue.filter(({ left }) => left > 0).map(({ rule }) => rule);
}

function fits(rule: RequestFault, method: string, path: string): boolean {
  if (rule.method !== undefined && rule.method !== method) return false;
  if (rule.path === undefined) return true;
  const wanted = rule.path.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length && wanted.every((segment, index) => segment === '*' || segment === given[index])
  );
}
