import type { Tx } from '../../src/database/database.js';
import type { TestApp } from './app.js';
import { eventually } from './eventually.js';

/** Until a statement of the app's database waits for a lock, or so many do. */
export async function untilSomebodyWaits(api: TestApp, howMany = 1): Promise<void> {
  await eventually(async () => {
    const { rows } = await api.database.pool.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    expect(rows.length).toBeGreaterThanOrEqual(howMany);
  });
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
    await untilSomebodyWaits(api);
  });
  return waiting as Promise<T>;
}
