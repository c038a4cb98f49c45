import { startService } from '../../src/bootstrap.js';
import { closeOnSignal } from '../../src/close-on-signal.js';
import { collectGarbageOnceIdle } from '../../src/collect-garbage.js';
import { readConfig } from '../../src/config/config.js';

/** The service as it is shipped, on a port that it chooses. */
const service = await startService({ config: readConfig({ ...process.env, PORT: '0' }) });
closeOnSignal(
  () => service.close(),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
collectGarbageOnceIdle();
process.send?.({ port: Number(new URL(service.url).port) });
