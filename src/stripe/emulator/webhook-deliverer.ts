import { createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { FaultInjector } from './faults.js';
import type { StoredEvent, ThinEvent } from './stored-objects.js';

export interface WebhookEndpoint {
  url: string;
  secret: string;
  /** true: only events of connected accounts; false: only the platform's own; absent: both. */
  connect?: boolean;
}

type AnyEvent = StoredEvent | ThinEvent;

const TRIES_MAX = 5;
const FIRST_PAUSE_MS = 50;
const ANSWER_WITHIN_MS = 10_000;
/** How long events are gathered before a shuffled delivery starts, so that there is something to shuffle. */
const REORDER_WINDOW_MS = 25;

interface Lane {
  endpoint: WebhookEndpoint;
  waiting: AnyEvent[];
  running: Promise<void> | null;
  /** Whether the last event was given up: the next ones get one try each until the endpoint answers again. */
  down: boolean;
}

/**
 * Sends events to the webhook endpoints as Stripe does: signed POSTs of the raw JSON, one endpoint's
 * events after each other, repeated with growing pauses when the endpoint does not answer 2xx.
 */
export class WebhookDeliverer {
  private readonly lanes: Lane[] = [];
  private readonly closing = new AbortController();

  constructor(
    private readonly now: () => Date,
    private readonly faults: FaultInjector,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Adds an endpoint; one with the same address is replaced, so that saying it twice changes nothing. */
  addEndpoint(endpoint: WebhookEndpoint): void {
    const known = this.lanes.find((lane) => lane.endpoint.url === endpoint.url);
    if (known) known.endpoint = endpoint;
    else this.lanes.push({ endpoint, waiting: [], running: null, down: false });
  }

  endpointCount(connect: boolean): number {
    return this.lanes.filter(({ endpoint }) => wants(endpoint, connect)).length;
  }

  /** Queues an event for every endpoint that wants it and returns at once. */
  deliver(event: AnyEvent): void {
    for (const lane of this.lanes) {
      if (!wants(lane.endpoint, isConnectEvent(event))) continue;
      const copies = this.faults.copiesOf(event.type);
      for (let copy = 0; copy < copies; copy += 1) lane.waiting.push(event);
      if (!lane.running && lane.waiting.length > 0) lane.running = this.run(lane);
    }
  }

  /** Resolves once every queued event has been answered or given up. */
  async settle(): Promise<void> {
    for (let running = this.running(); running.length > 0; running = this.running()) await Promise.all(running);
  }

  /** Gives up what is not delivered yet. */
  async close(): Promise<void> {
    this.closing.abort();
    this.lanes.forEach((lane) => lane.waiting.splice(0));
    await this.settle();
  }

  private running(): Promise<void>[] {
    return this.lanes.flatMap(({ running }) => running ?? []);
  }

  private async run(lane: Lane): Promise<void> {
    if (this.faults.reorders) await this.sleep(REORDER_WINDOW_MS);
    while (lane.waiting.length > 0) {
      const [event] = lane.waiting.splice(this.faults.nextOf(lane.waiting.length), 1);
      if (event) await this.send(lane, event);
    }
    lane.running = null;
  }

  private async send(lane: Lane, event: AnyEvent): Promise<void> {
    const tries = lane.down ? 1 : TRIES_MAX;
    let failure: unknown = null;
    for (let attempt = 1; attempt <= tries && !this.closing.signal.aborted; attempt += 1) {
      if (attempt > 1) await this.sleep(FIRST_PAUSE_MS * 2 ** (attempt - 2));
      failure = await this.post(lane.endpoint, event);
      if (failure === null) {
        lane.down = false;
        return;
      }
    }
    lane.down = true;
    if (!this.closing.signal.aborted) {
      this.onError(
        new Error(`Event ${event.id} (${event.type}) was not accepted by ${lane.endpoint.url}.`, {
          cause: failure,
        }),
      );
    }
  }

  /** Returns null when the endpoint answered 2xx, else what went wrong. */
  private async post(endpoint: WebhookEndpoint, event: AnyEvent): Promise<unknown> {
    const payload = JSON.stringify(event);
    // Not AbortSignal.timeout() within AbortSignal.any(): Node 20 may collect it as garbage before it fires.
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new Error(`The endpoint did not answer within ${ANSWER_WITHIN_MS} ms.`)),
      ANSWER_WITHIN_MS,
    );
    try {
      const response = await fetch(endpoint.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': signatureOf(payload, endpoint.secret, this.now()),
          'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
        },
        body: payload,
        redirect: 'manual',
        signal: AbortSignal.any([this.closing.signal, late.signal]),
      });
      await response.arrayBuffer();
      return response.ok ? null : new Error(`The endpoint answered ${response.status}.`);
    } catch (error) {
      return error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends early, and without an error, when the emulator closes. */
  private async sleep(milliseconds: number): Promise<void> {
    try {
      await pause(milliseconds, undefined, { signal: this.closing.signal });
    } catch (error) {
      if (!this.closing.signal.aborted) throw error;
    }
  }
}

/** The `Stripe-Signature` header for a payload at a time. */
export function signatureOf(payload: string, secret: string, at: Date): string {
  const timestamp = Math.floor(at.getTime() / 1000);
  const digest = createHmac('sha256', secret).update(`${timestamp}.${payload}`).digest('hex');
  return `t=${timestamp},v1=${digest}`;
}

function wants(endpoint: WebhookEndpoint, connect: boolean): boolean {
  return endpoint.connect === undefined || endpoint.connect === connect;
}

/** Thin account events concern connected accounts, though they belong to the platform. */
function isConnectEvent(event: AnyEvent): boolean {
  return event.object === 'v2.core.event' || event.account !== undefined;
}
