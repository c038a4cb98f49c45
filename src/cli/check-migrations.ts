import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../database/embedded-postgres.js';
import { diffMigrationsToSchema } from '../database/migrations.js';

/**
 * Part of `npm run check`: fails when prisma/migrations and prisma/schema.prisma have parted. Builds a database from
 * the migrations on a server of its own, which is gone afterwards.
 */
const folder = mkdtempSync(join(tmpdir(), 'fairshare-drift-'));
try {
  // The server may run as another user, which must get through to its data.
  chmodSync(folder, 0o755);
  process.exitCode = (await findDrift(join(folder, 'postgres'))) ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function findDrift(dataDir: string): Promise<boolean> {
  const database = await startEmbeddedPostgres({
    dataDir,
    log: console.error,
    settings: { fsync: 'off', full_page_writes: 'off' },
  });
  try {
    const sql = await diffMigrationsToSchema({ scratchUrl: database.ownerUrl });
    const statements = sql.replace(/^\s*--.*$/gm, '').trim();
    if (statements === '') return false;
    console.error(`prisma/migrations do not lead to prisma/schema.prisma. What is missing:\n\n${statements}`);
    return true;
  } finally {
    await database.stop();
  }
}
