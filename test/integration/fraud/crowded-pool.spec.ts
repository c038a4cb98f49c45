import type { PoolClient } from 'pg';
import { FraudEvaluation } from '../../../src/fraud/fraud-evaluation.service.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';

const SIGNUPS = 10;

let api: TestApp;

beforeAll(async () => {
  api = await startTestApp({ background: false });
});
afterAll(async () => api.close());

describe('signups that hold every connection to the database', () => {
  it('are looked at by the rules over their own connections: nobody waits for one that nobody will give back', async () => {
    const evaluation = api.app.get(FraudEvaluation);
    const { pool } = api.database;
    let letGo = (): void => undefined;
    const crowded = new Promise<void>((resolve) => (letGo = resolve));
    const signups = Array.from({ length: SIGNUPS }, () =>
      api.database.transaction(async (tx) => {
        await tx.$executeRaw`SELECT 1`;
        await crowded;
        await evaluation.findAfterSignups(tx, [{ id: 'ref_crowded', affiliateId: 'aff_crowded' }]);
      }),
    );
    await eventually(() => {
      expect(pool.totalCount - pool.idleCount).toBeGreaterThanOrEqual(SIGNUPS);
      return Promise.resolve();
    });
    const others: PoolClient[] = [];
    while (pool.idleCount > 0 || pool.totalCount < pool.options.max) others.push(await pool.connect());
    try {
      letGo();
      await expect(Promise.all(signups)).resolves.toHaveLength(SIGNUPS);
    } finally {
      for (const client of others) client.release();
    }
  });
});
