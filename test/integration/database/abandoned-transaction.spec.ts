import { Prisma } from '@prisma/client';
import { ABANDONED_AFTER_MS, Database } from '../../../src/database/database.js';
import { isDatabaseUnavailable } from '../../../src/database/database-errors.js';
import { createTestDatabase } from '../../setup/database.js';
import { eventually } from '../../setup/eventually.js';

describe('a process that hangs in the middle of a transaction', () => {
  it('loses its locks after a while, so that others go on, and is told that the database went away', async () => {
    const { url, drop } = await createTestDatabase();
    const [hung, other] = [new Database(url), new Database(url)];
    const lock = Prisma.sql`SELECT 1 FROM plans FOR UPDATE`;
    let wakeUp = (): void => undefined;
    let hasLocked = false;
    const outcome = hung
      .transaction(async (tx) => {
        await tx.$executeRaw(lock);
        hasLocked = true;
        await new Promise<void>((resolve) => (wakeUp = resolve));
        await tx.$executeRaw(lock);
      })
      .then(
        () => 'committed',
        (error: unknown) => (isDatabaseUnavailable(error) ? 'unavailable' : String(error)),
      );
    await eventually(async () => {
      await Promise.resolve();
      expect(hasLocked).toBe(true);
    });
    const { rows } = await other.pool.query("SELECT current_setting('idle_in_transaction_session_timeout') AS after");
    expect(rows).toEqual([{ after: `${ABANDONED_AFTER_MS / 1000}s` }]);
    // The first one hangs for longer than anybody waits for a lock: it is woken up only after this.
    await other.transaction((tx) => tx.$executeRaw(lock));
    wakeUp();
    expect(await outcome).toBe('unavailable');
    await Promise.all([hung, other].map((database) => database.onApplicationShutdown()));
    await drop();
  });
});
