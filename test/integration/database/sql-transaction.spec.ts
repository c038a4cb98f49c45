import { Prisma } from '@prisma/client';
import { Database } from '../../../src/database/database.js';
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
