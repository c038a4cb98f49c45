import { Stripe } from 'stripe';
import { newId } from './ids.js';
import type { ObjectStore } from './object-store.js';
import type { ObjectType, StoredEvent, StoredObjects, ThinEvent } from './stored-objects.js';
import { noSuchObject, noSuchReference } from './stripe-problem.js';
import type { JsonObject } from './wire.js';

/** What the emulator's parts share. */
export interface Surroundings {
  store: ObjectStore;
  now: () => Date;
  platformId: string;
  /** `http://127.0.0.1:PORT`, for the addresses of pages. */
  baseUrl: () => string;
  /** Sends an event to the webhook endpoints. Called after the event is stored. */
  deliver: (event: StoredEvent | ThinEvent) => void;
  /** How many endpoints will be sent an event of the platform, or of a connected account. */
  endpointCount: (connect: boolean) => number;
}

/** The API request that causes a change; both null when the change comes from elsewhere. */
export interface Cause {
  id: string | null;
  idempotency_key: string | null;
}

export const NO_REQUEST: Cause = { id: null, idempotency_key: null };

/**
 * The objects of one owner (the platform, or one connected account) as one request sees them, and
 * the events it causes. Everything a resource does goes through here.
 */
export class Workspace {
  constructor(
    private readonly surroundings: Surroundings,
    /** The connected account whose objects these are; null for the platform's own. */
    readonly account: string | null,
    private readonly cause: Cause,
  ) {}

  get now(): Date {
    return this.surroundings.now();
  }

  get platformId(): string {
    return this.surroundings.platformId;
  }

  /** The emulator's clock in whole seconds, as Stripe counts time. */
  get nowSeconds(): number {
    return Math.floor(this.now.getTime() / 1000);
  }

  get baseUrl(): string {
    return this.surroundings.baseUrl();
  }

  /** The same request on the objects of a connected account. */
  of(account: string | null): Workspace {
    return new Workspace(this.surroundings, account, this.cause);
  }

  find<T extends ObjectType>(type: T, id: string): StoredObjects[T] | null {
    return this.surroundings.store.find(this.account, type, id);
  }

  /** The object named by the path. Throws 404 `resource_missing`. */
  get<T extends ObjectType>(type: T, id: string): StoredObjects[T] {
    const found = this.find(type, id);
    if (found === null) throw noSuchObject(type, id);
    return found;
  }

  /** The object named by a parameter. Throws 400 `resource_missing`. */
  resolve<T extends ObjectType>(type: T, id: string, param: string): StoredObjects[T] {
    const found = this.find(type, id);
    if (found === null) throw noSuchReference(type, id, param);
    return found;
  }

  /** All objects of a type, newest first: the order of Stripe's lists. */
  newestFirst<T extends ObjectType>(type: T): readonly StoredObjects[T][] {
    return this.surroundings.store.newestFirst(this.account, type);
  }

  /** The transfers of a group, newest first. */
  transfersOf(group: string): readonly StoredObjects['transfer'][] {
    return this.surroundings.store.transfersOf(this.account, group);
  }

  put<T extends ObjectType>(type: T, value: StoredObjects[T] & { id: string }): StoredObjects[T] {
    this.surroundings.store.put(this.account, type, value.id, value);
    return value;
  }

  remove(type: ObjectType, id: string): void {
    this.surroundings.store.put(this.account, type, id, null);
  }

  /** Stores a snapshot event and sends it once the request is committed. */
  emit(type: string, object: object, previousAttributes?: JsonObject): void {
    const event: StoredEvent = {
      id: newId('evt'),
      object: 'event',
      ...(this.account !== null && { account: this.account }),
      api_version: Stripe.API_VERSION,
      created: this.nowSeconds,
      data: { object, ...(previousAttributes && { previous_attributes: previousAttributes }) },
      livemode: false,
      pending_webhooks: this.surroundings.endpointCount(this.account !== null),
      request: this.cause,
      type,
    };
    this.put('event', event);
    this.surroundings.store.afterCommit(() => this.surroundings.deliver(event));
  }

  /** Stores a thin event of the v2 API and sends it once the request is committed. */
  emitThin(type: string, related: ThinEvent['related_object'], data?: ThinEvent['data']): void {
    const event: ThinEvent = {
      id: newId('evt'),
      object: 'v2.core.event',
      type,
      created: this.now.toISOString(),
      livemode: false,
      related_object: related,
      ...(data && { data }),
    };
    this.put('thin_event', event);
    this.surroundings.store.afterCommit(() => this.surroundings.deliver(event));
  }
}

/**
 * What `previous_attributes` of an update event holds: the former values of the attributes that
 * changed; of metadata only the keys that changed.
 */
export function previousAttributes(before: object, after: object): JsonObject {
  const former = new Map(Object.entries(before));
  const changed = Object.entries(after).filter(
    ([key, value]) => JSON.stringify(former.get(key)) !== JSON.stringify(value),
  );
  return Object.fromEntries(
    changed.map(([key, value]) => [
      key,
      key === 'metadata' ? formerMetadata(former.get(key), value) : (former.get(key) ?? null),
    ]),
  );
}

function formerMetadata(before: unknown, after: unknown): JsonObject {
  const former = new Map(Object.entries((before ?? {}) as JsonObject));
  const latter = new Map(Object.entries((after ?? {}) as JsonObject));
  const keys = [...new Set([...former.keys(), ...latter.keys()])];
  return Object.fromEntries(
    keys.filter((key) => former.get(key) !== latter.get(key)).map((key) => [key, former.get(key) ?? null]),
  );
}
