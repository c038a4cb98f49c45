import { Prisma } from '@prisma/client';
import { Database } from '../../../src/database/database.js';
import { isDatabaseUnavailable } from '../../../src/database/database-errors.js';
import { createTestDatabase } from '../../setup/database.js';
import { eventually } from '../../setup/eventually.js';

/** Longer than PostgreSQL lets a transaction stand without a statement. */
const HANGS_MS = 40_000;

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
    const startedMs = performance.now();
    await other.transaction((tx) => tx.$executeRaw(lock));
    expect(performance.now() - startedMs).toBeLessThan(HANGS_MS);
    wakeUp();
    expect(await outcome).toBe('unavailable');
    await Promise.all([hung, other].map((database) => database.onApplicationShutdown()));
    await drop();
  });
});
