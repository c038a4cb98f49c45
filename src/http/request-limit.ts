import type { FastifyReply, FastifyRequest } from 'fastify';
import { Counter, Gauge, type Registry } from 'prom-client';
import { toErrorResponse } from './error-response.js';
import { HttpError } from './http-error.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null where nobody counts. */
    place: Place | null;
  }
}

/**
 * So many requests may be under way at once. They share twenty connections to the database, so one more would only wait,
 * hold its memory meanwhile, and be answered when its caller has given up.
 */
const CROWD_MAX = 500;

/** A crowd is worked off within a second or two. */
const RETRY_AFTER_SECONDS = 2;

/**
 * Asked by those who decide whether this instance is well, or answered whatever happens: a visitor's redirect has bounds
 * of its own, beyond which it only goes unrecorded.
 */
const UNLIMITED = /^\/(?:r\/|health\/|metrics\b)/;
const WEBHOOKS = '/stripe/webhooks';

interface Crowd {
  name: string;
  size: number;
}

/** Taken until both the work and the connection are done with the request. */
interface Place {
  crowd: Crowd;
  isAnswered: boolean;
  isClosed: boolean;
}

/**
 * Bounds what is under way, so that memory stays flat however much arrives: beyond the bound a request is answered 503 at
 * once, before its body is read. Stripe's webhooks are counted apart, so that neither they nor the others crowd each other
 * out; Stripe tries again, and so does a host with its Idempotency-Key.
 *
 * What is counted is the work, not the connection: whoever hangs up and asks again does not get around it.
 */
export class RequestLimit {
  private readonly webhooks: Crowd = { name: 'webhooks', size: 0 };
  private readonly others: Crowd = { name: 'others', size: 0 };
  private readonly refused: Counter;

  constructor(registry: Registry) {
    this.refused = new Counter({
      name: 'fairshare_http_requests_refused_total',
      help: 'Requests that were answered 503 because too many were under way, webhooks counted apart.',
      labelNames: ['crowd'],
      registers: [registry],
    });
    const underWay: Gauge = new Gauge({
      name: 'fairshare_http_requests_under_way',
      help: 'Requests that are being worked on, webhooks counted apart; redirects, health and metrics are not counted.',
      labelNames: ['crowd'],
      registers: [registry],
      collect: () => {
        for (const { name, size } of [this.webhooks, this.others]) underWay.set({ crowd: name }, size);
      },
    });
  }

  /** @returns false when there is no room: then the request is answered already. */
  admit(request: FastifyRequest, reply: FastifyReply): boolean {
    if (UNLIMITED.test(request.url)) return true;
    const crowd = request.url.startsWith(WEBHOOKS) ? this.webhooks : this.others;
    if (crowd.size >= CROWD_MAX) {
      this.refused.inc({ crowd: crowd.name });
      refuse(request, reply);
      return false;
    }
    crowd.size += 1;
    const place: Place = { crowd, isAnswered: false, isClosed: false };
    request.place = place;
    // Comes whatever becomes of the connection; before the answer, where the caller does not wait for it.
    reply.raw.once('close', () => {
      place.isClosed = true;
      leaveIfDone(place);
    });
    return true;
  }

  /** The work is done: there is an answer, whether or not anybody is left to hear it. */
  answered({ place }: FastifyRequest): void {
    if (place === null || place.isAnswered) return;
    place.isAnswered = true;
    leaveIfDone(place);
  }
}

function leaveIfDone({ crowd, isAnswered, isClosed }: Place): void {
  if (isAnswered && isClosed) crowd.size -= 1;
}

/** By hand, since the way through the error filter would cost more than many a request does, and log a stack each time. */
function refuse(request: FastifyRequest, reply: FastifyReply): void {
  const error = new HttpError(
    503,
    'overloaded',
    'Too many requests are under way; try again.',
    {},
    { 'retry-after': String(RETRY_AFTER_SECONDS) },
  );
  const { status, headers, body } = toErrorResponse(error, request.id);
  void reply.headers(headers).status(status).send(body);
}
