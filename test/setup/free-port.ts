import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** Below those that the system gives to whoever asks for any: nobody gets one of them before the server that is to have it. */
const PORTS = { first: 20_000, last: 31_999 };

/** A port that nobody listens on, and that no other test of this run gets. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.first, PORTS.last + 1);
    if (isFirstToAskFor(port) && (await isFree(port))) return port;
  }
}

function isFirstToAskFor(port: number): boolean {
  try {
    writeFileSync(join(process.env['FAIRSHARE_TEST_RUN_DIR'] ?? '', `port-${port}`), '', { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
