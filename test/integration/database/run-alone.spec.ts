import { Database } from '../../../src/database/database.js';
import { runAlone } from '../../../src/database/run-alone.js';
import { createTestDatabase, type TestDatabase } from '../../setup/database.js';
import { eventually } from '../../setup/eventually.js';

describe('what runs alone', () => {
  let test: TestDatabase;
  let one: Database;
  let other: Database;
  /** The connection that holds the lock, as another one sees it. */
  const holder = `FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted
                  AND a.datname = current_database()`;

  beforeAll(async () => {
    test = await createTestDatabase();
    [one, other] = [new Database(test.url), new Database(test.url)];
  });
  afterAll(async () => {
    await Promise.all([one, other].map((database) => database.onApplicationShutdown()));
    await test.drop();
  });

  it('keeps everybody else of its name out, in the same process too, and nobody of another name', async () => {
    const ran = await runAlone(one, 'a', async () => {
      expect(await runAlone(other, 'a', () => fail('twice at once'))).toBe(false);
      expect(await runAlone(one, 'a', () => fail('twice at once'))).toBe(false);
      expect(await runAlone(other, 'b', async () => undefined)).toBe(true);
    });
    expect(ran).toBe(true);
    expect(await runAlone(other, 'a', async () => undefined)).toBe(true);
  });

  it('frees the name when the work fails', async () => {
    await expect(runAlone(one, 'a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await runAlone(other, 'a', async () => undefined)).toBe(true);
  });

  it('keeps no dead rows alive while it waits for something else', async () => {
    await runAlone(one, 'a', async () => {
      const { rows } = await other.pool.query(`SELECT a.backend_xmin, a.backend_xid ${holder}`);
      expect(rows).toEqual([{ backend_xmin: null, backend_xid: null }]);
    });
  });

  it('is told when its connection broke, since somebody else may begin then', async () => {
    const ran = await runAlone(one, 'a', async (lost) => {
      expect(lost.aborted).toBe(false);
      await other.pool.query(`SELECT pg_terminate_backend(a.pid) ${holder}`);
      await eventually(async () => expect(await Promise.resolve(lost.aborted)).toBe(true));
      expect(await runAlone(other, 'a', async () => undefined)).toBe(true);
    });
    expect(ran).toBe(true);
    expect(await runAlone(one, 'a', async () => undefined)).toBe(true);
  });
});

function fail(message: string): Promise<void> {
  return Promise.reject(new Error(message));
}
