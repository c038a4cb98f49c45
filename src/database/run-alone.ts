import type pg from 'pg';
import { ABANDONED_AFTER_MS, type Database } from './database.js';

/** Often enough that PostgreSQL never takes a living process for one that hangs. */
const HEARTBEAT_MS = ABANDONED_AFTER_MS / 3;

/**
 * Runs `work` unless it runs already under the same name, in this process or another one. The lock is a transaction that
 * stays open meanwhile, on a connection of its own: it reads nothing, so it keeps no rows locked and no dead ones alive,
 * and unlike the lock of a session it works through a pooler, too. It ends at once with a process that dies, and after
 * half a minute with one that hangs.
 *
 * Should the connection break while the process lives, somebody else may begin. `lost` is aborted then: whatever goes on
 * for long looks at it, and no harm may come of what happens until it does.
 *
 * @returns whether it was run.
 * @throws what `work` throws; the database's error where the lock cannot be asked for.
 */
export async function runAlone(
  database: Database,
  name: string,
  work: (lost: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const client = await database.pool.connect();
  const lost = new AbortController();
  const onError = (error: Error): void => lost.abort(error);
  // A connection that breaks while nothing is asked of it would otherwise end the process.
  client.on('error', onError);
  let isClean = false;
  try {
    const isAlone = await takeLock(client, name);
    if (isAlone) await withHeartbeat(client, lost, () => work(lost.signal));
    if (!lost.signal.aborted) {
      await client.query('COMMIT');
      isClean = true;
    }
    return isAlone;
  } catch (error) {
    // So that the name is free by the time the caller hears. A connection that does not answer is not waited for, and closing
    // it frees the name as well.
    if (!lost.signal.aborted) {
      isClean = await client.query('ROLLBACK').then(
        () => true,
        () => false,
      );
    }
    throw error;
  } finally {
    client.off('error', onError);
    // Closing the connection gives the lock back as well.
    client.release(!isClean);
  }
}

async function takeLock(client: pg.ClientBase, name: string): Promise<boolean> {
  await client.query('BEGIN READ ONLY');
  // Without parameters, since PostgreSQL keeps the snapshot of a statement that has some until the transaction's end.
  const { rows } = await client.query<{ taken: boolean }>(
    `SELECT pg_try_advisory_xact_lock(hashtextextended(${client.escapeLiteral(name)}, 0)) AS taken`,
  );
  return rows[0]?.taken === true;
}

/** A beat that has not come back when the next one is due means the same as one that failed. */
async function withHeartbeat(client: pg.ClientBase, lost: AbortController, work: () => Promise<void>): Promise<void> {
  let isAnswered = true;
  const timer = setInterval(() => {
    if (!isAnswered) {
      lost.abort(new Error('the database does not answer'));
      return;
    }
    isAnswered = false;
    client.query('SELECT').then(
      () => (isAnswered = true),
      (error: unknown) => lost.abort(error),
    );
  }, HEARTBEAT_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
}
