import { setTimeout } from 'node:timers/promises';
import type { BenchServer } from './harness/bench-server.js';
import { startContestant } from './harness/contestant.js';
import { peakMegabytesOf, residentMegabytesOf } from './harness/processor-time.js';
import type { Size } from './harness/size.js';
import type { Row } from './harness/table.js';

/** Long enough for everything that a start sets off to have ended. */
const IDLE_MS = 30_000;

/** What a server holds that nobody asks anything, on a database and a Stripe that are not its own processes. */
export function idleMemory(server: BenchServer, size: Size): Promise<Row[]> {
  return server.withDatabase('idle', async (database) => {
    const rows: Row[] = [];
    for (const adminEnabled of [true, false]) {
      const one = await startContestant('workers/serve.js', database, { ADMIN_ENABLED: String(adminEnabled) });
      await setTimeout(size === 'quick' ? 1_000 : IDLE_MS);
      rows.push({
        'admin panel': adminEnabled ? 'loaded' : 'not loaded',
        'idle MB': residentMegabytesOf(one.pid),
        'peak MB': peakMegabytesOf(one.pid),
      });
      await one.stop();
    }
    return rows;
  });
}
