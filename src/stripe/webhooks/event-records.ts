import type { Tx } from '../../database/database.js';
import type { SqlTx } from '../../database/sql-transaction.js';

/** `ignored` can have no effect; `parked` cannot be read; `failed` needs an operator (docs/operations.md). */
export type EventStatus = 'pending' | 'processed' | 'ignored' | 'parked' | 'failed';

/** 5 s, 10 s, 20 s … the last wait is an hour and a half: about three hours in all before an event is `failed`. */
const MAX_ATTEMPTS = 12;
const FIRST_RETRY_SECONDS = 5;
const PUT_OFF_SECONDS = 5;

/** Locks the event's row until the transaction ends. */
export async function lockEvent(tx: SqlTx, stripeEventId: string): Promise<EventStatus> {
  const rows = await tx.$queryRaw<{ status: EventStatus }[]>`
    SELECT status FROM stripe_events WHERE id = ${stripeEventId} FOR UPDATE`;
  if (!rows[0]) throw new Error(`Stripe event ${stripeEventId} is gone`);
  return rows[0].status;
}

export async function markProcessed(tx: SqlTx, stripeEventId: string, processedAt: Date): Promise<void> {
  await tx.$executeRaw`
    UPDATE stripe_events SET status = 'processed', processed_at = ${processedAt}, last_error = NULL WHERE id = ${stripeEventId}`;
}

/**
 * Marks those of these events as done that still wait, and locks them until the transaction ends, in the order of their
 * ids.
 * @returns their ids.
 */
export async function markPendingProcessed(
  tx: SqlTx,
  stripeEventIds: string[],
  processedAt: Date,
): Promise<ReadonlySet<string>> {
  // Locked by their ids alone: asked for those that wait, the planner reads all that wait, again for each group of a backlog.
  const rows = await tx.$queryRaw<{ id: string }[]>`
    WITH locked AS MATERIALIZED (
      SELECT id, status FROM stripe_events WHERE id = ANY(${stripeEventIds}::text[]) ORDER BY id FOR UPDATE
    )
    UPDATE stripe_events e SET status = 'processed', processed_at = ${processedAt}, last_error = NULL
    FROM locked WHERE e.id = locked.id AND locked.status = 'pending'
    RETURNING e.id`;
  return new Set(rows.map(({ id }) => id));
}

/**
 * Notes a try that failed, and when the next one is due, if there is to be one. Only of an event that still waits:
 * meanwhile a replay may have processed it.
 * @returns what became of it, null when it waits no more.
 */
export async function noteFailedTry(
  tx: SqlTx,
  stripeEventId: string,
  failure: { message: string; isUnreadable: boolean },
): Promise<{ status: EventStatus; attempts: number } | null> {
  const [noted] = await tx.$queryRaw<{ status: EventStatus; attempts: number }[]>`
    UPDATE stripe_events SET attempts = attempts + 1, last_error = ${failure.message},
      status = CASE WHEN ${failure.isUnreadable} THEN 'parked' WHEN attempts + 1 >= ${MAX_ATTEMPTS}::int THEN 'failed' ELSE status END,
      due_at = now() + make_interval(secs => ${FIRST_RETRY_SECONDS}::int * 2 ^ attempts)
    WHERE id = ${stripeEventId} AND status = 'pending'
    RETURNING status, attempts`;
  return noted ?? null;
}

/** Nothing is wrong with it: anybody may take it again soon, and it is no failed try. */
export async function putOff(tx: SqlTx, stripeEventId: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE stripe_events SET due_at = now() + make_interval(secs => ${PUT_OFF_SECONDS}::int)
    WHERE id = ${stripeEventId} AND status = 'pending'`;
}

/** Notes a replay that failed. What waits for its next try still does. */
export async function noteFailedReplay(
  tx: Tx,
  stripeEventId: string,
  status: EventStatus,
  message: string,
): Promise<void> {
  await tx.stripeEvent.update({
    where: { id: stripeEventId },
    data: { status, attempts: { increment: 1 }, lastError: message },
  });
}
