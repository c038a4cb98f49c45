import { Injectable } from '@nestjs/common';
import type { WebhookEndpoint } from '@prisma/client';
import { Clock } from '../../common/clock.js';
import { Database } from '../../database/database.js';
import type { FeedEvent } from '../event-feed.js';
import { FAILURES_UNTIL_PAUSE, isDown } from './retry-schedule.js';
import { REQUEST_TIMEOUT_MS } from './webhook-request.js';

/** Longer than any try: a process that died is taken for dead only when nothing of it can be on its way any more. */
const CLAIM_MS = 2 * REQUEST_TIMEOUT_MS;

/** A try that this process is to make; it is written down as begun. */
export interface ClaimedTry {
  deliveryId: string;
  /** Which one it is of all that were ever made. */
  number: number;
  event: FeedEvent;
}

type ClaimedRow = Pick<ClaimedTry, 'deliveryId' | 'number'> &
  Pick<FeedEvent, 'type' | 'data' | 'subjectId' | 'occurredAt' | 'position'> & { eventId: string };

/** Which deliveries are to be made now, and by which process. */
@Injectable()
export class WebhookClaims {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** The endpoints that there is something for, and that may be tried; or the one that is named, if it is among them. */
  findReady(id?: string): Promise<WebhookEndpoint[]> {
    const now = this.clock.now();
    return this.database.prisma.webhookEndpoint.findMany({
      where: {
        id,
        status: 'enabled',
        OR: [{ pausedUntil: null }, { pausedUntil: { lte: now } }],
        // One that is down is tried again by its pause, not by what each delivery waits for.
        deliveries: { some: { status: 'pending', OR: [{ nextTryAt: { lte: now } }, { endpoint: IS_DOWN }] } },
      },
    });
  }

  /**
   * Takes up to `limit` deliveries of an endpoint for this process, and writes down that a try begins. An event is only
   * taken when no earlier one of the same object waits or is under way: that keeps their order, and lets nobody else
   * wait. Of an endpoint that is down one is taken, the one that would be next, as a question whether it is back.
   */
  async claim(endpoint: WebhookEndpoint, limit: number): Promise<ClaimedTry[]> {
    const now = this.clock.now();
    const isProbe = isDown(endpoint);
    const rows = await this.database.transaction(
      (tx) => tx.$queryRaw<ClaimedRow[]>`
      WITH due AS (
        SELECT d.id FROM webhook_deliveries d
        WHERE d.endpoint_id = ${endpoint.id} AND d.status = 'pending' AND (d.next_try_at <= ${now} OR ${isProbe})
          AND (d.claimed_until IS NULL OR d.claimed_until <= ${now})
          AND NOT EXISTS (
            SELECT 1 FROM webhook_deliveries earlier
            WHERE earlier.endpoint_id = d.endpoint_id AND earlier.subject_id = d.subject_id AND earlier.status = 'pending'
              AND earlier.position < d.position)
        ORDER BY d.next_try_at, d.position LIMIT ${isProbe ? 1 : limit}
        FOR UPDATE OF d SKIP LOCKED
      ), claimed AS (
        UPDATE webhook_deliveries d SET attempts = d.attempts + 1,
          claimed_until = ${new Date(now.getTime() + CLAIM_MS)}
        FROM due WHERE d.id = due.id
        RETURNING d.id, d.event_id, d.attempts
      ), begun AS (
        INSERT INTO webhook_attempts (delivery_id, number, started_at, outcome)
        SELECT id, attempts, ${now}, 'unknown' FROM claimed
      )
      SELECT c.id AS "deliveryId", c.attempts AS number, e.id AS "eventId", e.type, e.subject_id AS "subjectId", e.data,
             e.occurred_at AS "occurredAt", e.position
      FROM claimed c JOIN domain_events e ON e.id = c.event_id
      ORDER BY e.position`,
    );
    return rows.map(({ deliveryId, number, eventId, ...event }) => ({
      deliveryId,
      number,
      event: { id: eventId, ...event },
    }));
  }
}

const IS_DOWN = { failures: { gte: FAILURES_UNTIL_PAUSE } };
