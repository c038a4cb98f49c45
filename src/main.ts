import { existsSync } from 'node:fs';
import { startService, StartError, type RunningService } from './bootstrap.js';
import { ConfigError, readConfig } from './config/config.js';

/** A shutdown that takes longer is ended; whatever was under way is resumed by the next start. */
const SHUTDOWN_LIMIT_MS = 30_000;

/** Ctrl-C under npm arrives twice: from the terminal and from npm. That is not an impatient operator yet. */
const ECHO_MS = 1_000;

/** Prints what an operator can mend as a sentence, anything else with its stack, and ends the process. */
function fail(error: unknown): never {
  const isForOperator = error instanceof ConfigError || error instanceof StartError;
  console.error(isForOperator ? error.message : error);
  process.exit(1);
}

function closeOnSignal(service: RunningService): void {
  let askedAtMs: number | undefined;
  const close = (): void => {
    if (askedAtMs !== undefined) {
      // Whoever asks twice does not want to wait.
      if (performance.now() - askedAtMs > ECHO_MS) process.exit(1);
      return;
    }
    askedAtMs = performance.now();
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
    service.close().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', close);
  process.on('SIGINT', close);
}

try {
  if (existsSync('.env')) process.loadEnvFile('.env');
  closeOnSignal(await startService({ config: readConfig(process.env) }));
} catch (error) {
  fail(error);
}
