import { Injectable } from '@nestjs/common';
import type { Told } from '../../commissions/commissions.service.js';
import type { Tx } from '../../database/database.js';
import { StripeConnection } from '../stripe-connection.js';
import type { InboundEvent } from './webhook-verifier.js';

/** What an event comes to, once everything it needs from the network has been gathered. */
export type Apply = (tx: Tx) => Promise<void>;

/**
 * An event that tells facts about money, and comes to nothing else, gives just these: what many such events tell is taken
 * in together. Others come to something that has a transaction of its own.
 */
export type Effects = Apply | Told;

/**
 * Handles a kind of event in two steps: `prepare` may ask Stripe, `Apply` runs inside the event's one transaction and
 * may not. Both may run again after a crash, so what `Apply` does is idempotent.
 */
export abstract class EventHandler {
  abstract readonly types: readonly string[];
  /** Whether the event is about a connected account (it then carries `account`) or about the platform's own objects. */
  abstract readonly source: 'platform' | 'connected_account';
  /** Whether it reads the object that the event shows; if not, the API version that it was rendered in does not matter. */
  readonly readsObject: boolean = true;
  /** @param receivedAt when the event arrived here, which is never before what it tells of. */
  abstract prepare(event: InboundEvent, receivedAt: Date): Promise<Effects>;

  /**
   * What many events tell, by their ids, in a handful of queries: of those that tell facts and come to nothing else, as far
   * as Stripe need not be asked. The others are left out, and so is what cannot be read: `prepare` says what is wrong with it.
   */
  async tellAll(_events: readonly InboundEvent[]): Promise<ReadonlyMap<string, Told>> {
    return new Map();
  }
}

/** What can be read of each of these events, by their ids. */
export function readEach<T>(events: readonly InboundEvent[], read: (event: InboundEvent) => T | null): Map<string, T> {
  const found = new Map<string, T>();
  for (const event of events) {
    const one = readOrNull(event, read);
    if (one !== null) found.set(event.id, one);
  }
  return found;
}

function readOrNull<T>(event: InboundEvent, read: (event: InboundEvent) => T | null): T | null {
  try {
    return read(event);
  } catch {
    return null;
  }
}

/** Which handler an event goes to, if any. */
@Injectable()
export class EventHandlers {
  /** What Stripe's list of events is asked for: it shows the platform's own, not those of connected accounts. */
  readonly listedTypes: readonly string[];
  private readonly byType: ReadonlyMap<string, EventHandler>;

  constructor(
    private readonly connection: StripeConnection,
    handlers: EventHandler[],
  ) {
    this.byType = new Map(handlers.flatMap((handler) => handler.types.map((type) => [type, handler] as const)));
    this.listedTypes = handlers.filter(({ source }) => source === 'platform').flatMap(({ types }) => types);
  }

  /**
   * Whether the event can have an effect. Unknown types and events of the other mode (test/live) are kept without one,
   * and so is money from a connected account: its owner could have forged it (stripe.md, "Events").
   */
  accepts(event: InboundEvent): boolean {
    const handler = this.byType.get(event.type);
    if (!handler || (event.livemode === true) !== this.connection.livemode) return false;
    const fromConnectedAccount = 'account' in event && Boolean(event.account);
    return handler.source === 'connected_account' || !fromConnectedAccount;
  }

  /** @throws Error when the event is not accepted. */
  get(event: InboundEvent): EventHandler {
    const handler = this.byType.get(event.type);
    if (!handler) throw new Error(`no handler for ${event.type}`);
    return handler;
  }
}
