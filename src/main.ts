import { startService } from './bootstrap.js';
import { closeOnSignal } from './close-on-signal.js';
import { collectGarbageOnceIdle } from './collect-garbage.js';
import { ConfigError, readConfig } from './config/config.js';
import { loadEnvironment } from './config/load-environment.js';
import { printableError } from './http/logging.js';
import { StartError } from './surroundings.js';

/** Prints what an operator can mend as a sentence, anything else with its stack, and ends the process. */
function fail(error: unknown): never {
  const isForOperator = error instanceof ConfigError || error instanceof StartError;
  console.error(isForOperator ? error.message : printableError(error));
  process.exit(1);
}

try {
  const service = await startService({ config: readConfig(loadEnvironment()) });
  closeOnSignal(() => service.close(), fail);
  collectGarbageOnceIdle();
} catch (error) {
  fail(error);
}
