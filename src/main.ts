import { existsSync } from 'node:fs';
import { startService, StartError } from './bootstrap.js';
import { closeOnSignal } from './close-on-signal.js';
import { ConfigError, readConfig } from './config/config.js';

/** Prints what an operator can mend as a sentence, anything else with its stack, and ends the process. */
function fail(error: unknown): never {
  const isForOperator = error instanceof ConfigError || error instanceof StartError;
  console.error(isForOperator ? error.message : error);
  process.exit(1);
}

try {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const service = await startService({ config: readConfig(process.env) });
  closeOnSignal(() => service.close(), fail);
} catch (error) {
  fail(error);
}
