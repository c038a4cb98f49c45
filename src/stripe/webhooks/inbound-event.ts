import type { InboundEvent, SnapshotEvent } from './webhook-verifier.js';

/** The object of a snapshot event, as what its type says it is. */
export function snapshotOf<T>(event: InboundEvent): T {
  return (event as SnapshotEvent).data.object as unknown as T;
}

/** What set a settlement off: the event, at the moment it tells of. */
export function causeOf(event: InboundEvent): { stripeEventId: string; occurredAt: Date } {
  const { created } = event;
  return {
    stripeEventId: event.id,
    occurredAt: typeof created === 'number' ? new Date(created * 1000) : new Date(created),
  };
}
