import type { FastifyReply, FastifyRequest } from 'fastify';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../common/clock.js';
import { Crowd } from './crowd.js';
import { toErrorResponse } from './error-response.js';
import { HttpError } from './http-error.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null where nobody counts. */
    place: Place | null;
  }
}

/**
 * Requests share twenty connections to the database: with many more at once, each would wait between its statements for so
 * long that all are given up by their callers and none gets done. Who waits in line holds nothing but a connection.
 */
const OTHERS = { atOnceMax: 100, inLineMax: 400, waitMaxMs: 10_000, lastingWaitMaxMs: 2_000 };
/** Share one statement for all that arrive together. */
const WEBHOOKS = { ...OTHERS, atOnceMax: 500 };
/**
 * Events have some kilobytes, but anybody may send as much as bodies may have: five hundred of those would be half a gigabyte
 * before a signature is looked at. So larger ones, and those that do not say how large they are, have few places of their own.
 */
const LARGE_WEBHOOKS = { ...OTHERS, atOnceMax: 32 };
const LARGE_FROM_BYTES = 64 * 1024;
/** Who is to find out what is going on must not stand in line behind it. A page of the panel asks a dozen things. */
const STAFF = { ...OTHERS, atOnceMax: 20, inLineMax: 100 };

/** After the line has been worked off. */
const RETRY_AFTER_SECONDS = 2;

/**
 * Asked by those who decide whether this instance is well, or answered whatever happens: a visitor's redirect has bounds
 * of its own, beyond which it only goes unrecorded.
 */
const UNLIMITED = /^\/(?:r\/|health\/|metrics\b)/;
const WEBHOOKS_URL = '/stripe/webhooks';
const STAFF_URL = '/admin';

/** Taken until both the work and the connection are done with the request. */
interface Place {
  crowd: Crowd;
  isAnswered: boolean;
  isClosed: boolean;
}

/**
 * Bounds what is under way, so that however much arrives, memory stays flat and what is taken on gets done: who finds no
 * place waits in line for a moment, and whoever finds no room there either is answered 503 at once, before the body is
 * read. Stripe's webhooks and the admin panel are counted apart, so that none of them crowds out another; Stripe tries again,
 * and so does a host with its Idempotency-Key.
 *
 * What is counted is the work, not the connection: whoever hangs up and asks again does not get around it.
 */
export class RequestLimit {
  private readonly webhooks: Crowd;
  private readonly largeWebhooks: Crowd;
  private readonly staff: Crowd;
  private readonly others: Crowd;
  private readonly refused: Counter;

  constructor(registry: Registry, clock: Clock) {
    this.webhooks = new Crowd('webhooks', WEBHOOKS, clock);
    this.largeWebhooks = new Crowd('large_webhooks', LARGE_WEBHOOKS, clock);
    this.staff = new Crowd('staff', STAFF, clock);
    this.others = new Crowd('others', OTHERS, clock);
    this.refused = new Counter({
      name: 'fairshare_http_requests_refused_total',
      help: 'Requests that were answered 503 because too many were under way, by crowd.',
      labelNames: ['crowd'],
      registers: [registry],
    });
    this.addGauge(registry, 'under_way', 'are worked on', ({ size }) => size);
    this.addGauge(registry, 'in_line', 'wait to be worked on', ({ lineLength }) => lineLength);
  }

  /** Calls `goOn` once the request has its place; else answers it. */
  admit(request: FastifyRequest, reply: FastifyReply, goOn: () => void): void {
    if (UNLIMITED.test(request.url)) {
      goOn();
      return;
    }
    const crowd = this.crowdOf(request);
    const place: Place = { crowd, isAnswered: false, isClosed: false };
    const leaveLine = crowd.join(
      () => {
        request.place = place;
        goOn();
      },
      () => this.refuse(crowd, request, reply),
    );
    // Comes whatever becomes of the connection; before the answer, where the caller does not wait for it.
    reply.raw.once('close', () => {
      // Nobody works for who has hung up before their turn.
      if (request.place === null) leaveLine();
      place.isClosed = true;
      leaveIfDone(place);
    });
  }

  private crowdOf({ url, headers }: FastifyRequest): Crowd {
    if (url.startsWith(WEBHOOKS_URL)) {
      return Number(headers['content-length']) < LARGE_FROM_BYTES ? this.webhooks : this.largeWebhooks;
    }
    return url.startsWith(STAFF_URL) ? this.staff : this.others;
  }

  /** The work is done: there is an answer, whether or not anybody is left to hear it. */
  answered({ place }: FastifyRequest): void {
    if (place === null || place.isAnswered) return;
    place.isAnswered = true;
    leaveIfDone(place);
  }

  /** By hand, since the way through the error filter would cost more than many a request, and log a stack each time. */
  private refuse(crowd: Crowd, request: FastifyRequest, reply: FastifyReply): void {
    this.refused.inc({ crowd: crowd.name });
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

  private addGauge(registry: Registry, name: string, what: string, read: (crowd: Crowd) => number): void {
    const gauge: Gauge = new Gauge({
      name: `fairshare_http_requests_${name}`,
      help: `Requests that ${what}, by crowd; redirects, health and metrics are not counted.`,
      labelNames: ['crowd'],
      registers: [registry],
      collect: () => {
        for (const crowd of [this.webhooks, this.largeWebhooks, this.staff, this.others]) {
          gauge.set({ crowd: crowd.name }, read(crowd));
        }
      },
    });
  }
}

function leaveIfDone({ crowd, isAnswered, isClosed }: Place): void {
  if (isAnswered && isClosed) crowd.leave();
}
