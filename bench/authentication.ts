import type { BenchServer } from './harness/bench-server.js';
import { runWorker } from './harness/measured-process.js';
import type { Size } from './harness/size.js';
import type { Row } from './harness/table.js';

interface Micros extends Record<string, number> {
  fairshareMicros: number;
  stringSecretMicros: number;
  bareMicros: number;
}

/** Processor time of checking a token: ours, what tutorials do, and the check of the signature alone. */
export function authentication(server: BenchServer, size: Size): Promise<Row[]> {
  return server.withDatabase('authentication', async (database) => {
    const args = size === 'quick' ? ['1', '500'] : ['7', '5000'];
    const micros = await runWorker<Micros>('authenticate', database, { args });
    return [
      { who: 'Fairshare: passport-jwt with a KeyObject, and all claims checked', 'CPU µs': micros.fairshareMicros },
      { who: 'passport-jwt with a string secret', 'CPU µs': micros.stringSecretMicros },
      { who: 'jsonwebtoken with a KeyObject, nothing around it', 'CPU µs': micros.bareMicros },
    ];
  });
}
