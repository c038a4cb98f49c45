import { Database } from '../../../src/database/database.js';
import { createTestDatabase, type TestDatabase } from '../../setup/database.js';

describe('statements that come again', () => {
  let test: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    test = await createTestDatabase();
    database = new Database(test.url);
  });
  afterAll(async () => {
    await database.onApplicationShutdown();
    await test.drop();
  });

  it('are prepared once for each connection, by Prisma and by hand alike', async () => {
    const find = (id: string) => database.prisma.affiliate.findUnique({ where: { id } });
    for (const id of ['aff_1', 'aff_2', 'aff_3']) expect(await find(id)).toBeNull();
    const count = (id: string) =>
      database.sqlTransaction(
        (tx) => tx.$queryRaw<{ n: number }[]>`SELECT count(*)::int AS n FROM payouts WHERE id = ${id}`,
      );
    for (const id of ['po_1', 'po_2', 'po_3']) expect(await count(id)).toEqual([{ n: 0 }]);

    const { rows } = await database.pool.query<{ statement: string; times: string }>(
      `SELECT statement, generic_plans + custom_plans AS times FROM pg_prepared_statements
       WHERE statement LIKE '%affiliates%' OR statement LIKE '%FROM payouts%' ORDER BY statement`,
    );
    expect(rows.map(({ times }) => Number(times))).toEqual([2, 2]);
  });

  it('get no name when each is another one', async () => {
    for (let n = 1; n <= 50; n++) {
      const ids = Array.from({ length: n }, (_, index) => `aff_${index}`);
      expect(await database.prisma.affiliate.findMany({ where: { id: { in: ids } } })).toEqual([]);
    }
    const { rows } = await database.pool.query(`SELECT 1 FROM pg_prepared_statements WHERE statement LIKE '% IN (%'`);
    expect(rows).toEqual([]);
  });
});
