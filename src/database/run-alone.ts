import type { Database } from './database.js';

/**
 * Runs `work` unless another process does it under the same name. The lock belongs to a connection, so it ends with a
 * process that dies; should only the connection break, two work at once: what is run so must be able to bear that.
 *
 * @returns whether it was run.
 */
export async function runAlone(database: Database, name: string, work: () => Promise<void>): Promise<boolean> {
  const client = await database.pool.connect();
  let failure: Error | undefined;
  const onError = (error: Error): void => {
    failure = error;
  };
  // A connection that breaks while nothing is asked of it would otherwise end the process.
  client.on('error', onError);
  try {
    const { rows } = await client.query<{ taken: boolean }>(
      'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken',
      [name],
    );
    if (!rows[0]?.taken) return false;
    try {
      await work();
    } finally {
      if (!failure) await client.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [name]);
    }
    return true;
  } finally {
    client.off('error', onError);
    client.release(failure);
  }
}
