import { createHash } from 'node:crypto';
import type { ObjectStore } from './object-store.js';
import type { Answer, StoredAnswer } from './stored-objects.js';
import { StripeProblem } from './stripe-problem.js';

/** How long an answer is kept under its key. Stripe promises at least this. */
const KEPT_FOR_MS = 24 * 60 * 60 * 1000;

/** What a request may do with its key. */
export type Claim = { kind: 'execute' } | { kind: 'replay'; answer: StoredAnswer };

/**
 * Stripe's idempotency rules. Once execution began, the answer is kept under the key for 24 hours
 * of the emulator's clock, failures and 500s included, and given again. The same key with other
 * parameters is an `idempotency_error`; a key whose first request still runs is a conflict.
 */
export class IdempotencyLayer {
  private readonly inFlight = new Set<string>();

  constructor(
    private readonly store: ObjectStore,
    private readonly now: () => Date,
  ) {}

  /**
   * Claims a key for execution or finds its answer. A claimed key must be given back with
   * {@link release}. Throws 400 `idempotency_error` and 409 `idempotency_key_in_use`.
   */
  claim(id: string, fingerprint: string): Claim {
    const answer = this.store.find(null, 'idempotency', id);
    if (answer && this.now().getTime() - answer.storedAtMs < KEPT_FOR_MS) {
      if (answer.fingerprint !== fingerprint) throw otherParameters();
      return { kind: 'replay', answer };
    }
    if (this.inFlight.has(id)) throw keyInUse();
    this.inFlight.add(id);
    return { kind: 'execute' };
  }

  /** Keeps the answer. Called in the transaction of the execution, so that both or none are there. */
  keep(id: string, fingerprint: string, requestId: string, answer: Answer): void {
    this.store.put(null, 'idempotency', id, {
      id,
      fingerprint,
      requestId,
      storedAtMs: this.now().getTime(),
      ...answer,
    });
  }

  release(id: string): void {
    this.inFlight.delete(id);
  }
}

/** What makes two requests the same one: method, path and parameters, in whatever order. */
export function fingerprintOf(method: string, path: string, parameters: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([method, path, sorted(parameters)]))
    .digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}

/** The refusal of a key that was used for another request. */
export function otherParameters(): StripeProblem {
  return new StripeProblem(400, {
    type: 'idempotency_error',
    message:
      'Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a different key if you meant to execute a different request.',
  });
}

function keyInUse(): StripeProblem {
  return new StripeProblem(409, {
    type: 'idempotency_error',
    code: 'idempotency_key_in_use',
    message: 'There is currently another in-progress request using this idempotency key. Try again later.',
  });
}
