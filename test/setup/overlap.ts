import type pg from 'pg';
import type { Tx } from '../../src/database/database.js';
import type { SqlTx } from '../../src/database/sql-transaction.js';
import type { TestApp } from './app.js';
import { eventually } from './eventually.js';

/** An open transaction of the test's own, whichever way it was begun. */
type Holder = Pick<SqlTx, '$queryRaw'> | pg.ClientBase;

/**
 * Until a statement waits for what the holder has locked, or so many do, those included that wait behind others which do.
 * Whatever else waits for a moment is not taken for it: what an app does by itself each second locks things, too.
 */
export async function untilSomebodyWaits(api: TestApp, holder: Holder, howMany = 1): Promise<void> {
  const holderPid = await pidOf(holder);
  await eventually(async () => {
    const { rows } = await api.database.pool.query<{ waiting: number }>(
      `WITH RECURSIVE blocked (pid, by) AS (
         SELECT pid, pg_blocking_pids(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'
       ), behind (pid) AS (
         VALUES ($1::int) UNION SELECT blocked.pid FROM blocked JOIN behind ON behind.pid = ANY (blocked.by)
       ) SELECT count(*)::int - 1 AS waiting FROM behind`,
      [holderPid],
    );
    expect(rows[0]?.waiting).toBeGreaterThanOrEqual(howMany);
  });
}

async function pidOf(holder: Holder): Promise<number | undefined> {
  const rows =
    '$queryRaw' in holder
      ? await holder.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
      : (await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows;
  return rows[0]?.pid;
}

/** Starts `second` while the transaction of `first` is open, which commits once the second one waits for it. */
export async function overlap<T>(
  api: TestApp,
  first: (tx: Tx) => Promise<unknown>,
  second: () => Promise<T>,
): Promise<T> {
  let waiting: Promise<T> | undefined;
  await api.database.transaction(async (tx) => {
    await first(tx);
    waiting = second();
    await untilSomebodyWaits(api, tx);
  });
  return waiting as Promise<T>;
}
