import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Gives this run of jest a folder of its own. The database server in it is
 * started by the first test that asks for a database (see database.ts), since
 * jest loads this file outside of its workers, where nothing reads TypeScript.
 * The teardown knows the folder by its name.
 */
export default function globalSetup() {
  const folder = mkdtempSync(join(tmpdir(), `fairshare-test-${process.pid}-`));
  // PostgreSQL may run as another user, which must get through to its data.
  chmodSync(folder, 0o755);
  process.env.FAIRSHARE_TEST_RUN_DIR = folder;
}
