import { Prisma } from '@prisma/client';
import { Database } from '../../../src/database/database.js';
import { inOneGo, lastly, type SqlTx } from '../../../src/database/sql-transaction.js';
import { createTestDatabase } from '../../setup/database.js';

const RENAME = Prisma.sql`UPDATE plans SET name = 'renamed'`;

describe('a transaction of statements written by hand', () => {
  it('is not taken for committed when the error of one of its statements was passed over', async () => {
    const { url, drop } = await createTestDatabase();
    const database = new Database(url);
    try {
      const outcome = database.sqlTransaction(async (tx) => {
        await tx.$executeRaw(RENAME);
        await tx.$executeRaw`SELECT 1 / 0`.catch(() => 'passed over');
      });
      await expect(outcome).rejects.toThrow('was rolled back');
      expect(await database.prisma.plan.count({ where: { name: 'renamed' } })).toBe(0);
      await database.sqlTransaction((tx) => tx.$executeRaw(RENAME));
      expect(await database.prisma.plan.count({ where: { name: 'renamed' } })).toBe(1);
    } finally {
      await database.onApplicationShutdown();
      await drop();
    }
  });
});

describe('a transaction that a group of requests shares', () => {
  let database: Database;
  let drop: () => Promise<void>;

  beforeAll(async () => {
    const test = await createTestDatabase();
    database = new Database(test.url);
    drop = test.drop;
  });
  afterAll(async () => {
    await database.onApplicationShutdown();
    await drop();
  });

  it('runs what is sent in one go in its order, and is rolled back as a whole with the first error', async () => {
    const shared = (divisor: number) =>
      database.groupTransaction((tx) =>
        inOneGo(
          tx,
          () => tx.$executeRaw(RENAME),
          () => tx.$queryRaw<{ name: string }[]>`SELECT DISTINCT name FROM plans`,
          () => tx.$queryRaw`SELECT 1 / ${divisor}::int`,
          () => tx.$executeRaw`UPDATE plans SET name = 'renamed again'`,
        ),
      );
    await expect(shared(0)).rejects.toThrow('division by zero');
    expect(await database.prisma.plan.count({ where: { name: { startsWith: 'renamed' } } })).toBe(0);
    expect((await shared(1))[1]).toEqual([{ name: 'renamed' }]);
    expect(await database.prisma.plan.count({ where: { name: 'renamed again' } })).toBe(1);
  });

  it('fails with what failed first, however deep in its step, not with what was passed over after that', async () => {
    const divide = (tx: SqlTx): Promise<unknown> => tx.$queryRaw`SELECT 1 / 0`;
    const step = async (tx: SqlTx): Promise<void> => void (await inOneGo(tx, async () => void (await divide(tx))));
    const shared = database.groupTransaction((tx) =>
      inOneGo(
        tx,
        () => step(tx),
        () => tx.$queryRaw`SELECT 1`,
      ),
    );
    await expect(shared).rejects.toThrow('division by zero');
  });

  it('does its last steps after all else, and is rolled back as a whole when one of them fails', async () => {
    let seen: unknown;
    const shared = (name: string, divisor: number) =>
      database.groupTransaction(async (tx) => {
        await lastly(tx, async () => {
          seen = await tx.$queryRaw`SELECT DISTINCT name, 1 / ${divisor}::int AS divided FROM plans`;
        });
        await tx.$executeRaw`UPDATE plans SET name = ${name}`;
      });
    await expect(shared('never', 0)).rejects.toThrow('division by zero');
    expect(await database.prisma.plan.count({ where: { name: 'never' } })).toBe(0);
    await shared('at last', 1);
    expect(seen).toEqual([{ name: 'at last', divided: 1 }]);
    expect(await database.prisma.plan.count({ where: { name: 'at last' } })).toBe(1);
  });

  it('plans its statements once, whatever their values are', async () => {
    for (const id of ['pln_1', 'pln_2', 'pln_3']) {
      await database.groupTransaction((tx) => tx.$queryRaw`SELECT 1 FROM plan_versions WHERE plan_id = ${id}`);
    }
    const plans = await database.groupTransaction(
      (tx) => tx.$queryRaw`
        SELECT generic_plans::int AS generic, custom_plans::int AS custom FROM pg_prepared_statements
        WHERE statement LIKE '%FROM plan_versions WHERE%'`,
    );
    expect(plans).toEqual([{ generic: 2, custom: 0 }]);
  });
});
