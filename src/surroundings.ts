import { join } from 'node:path';
import type { Logger as PinoLogger } from 'pino';
import type { Clock } from './common/clock.js';
import type { Config } from './config/config.js';
import { openDatabase } from './database/open-database.js';
import { findProjectRoot } from './database/project-root.js';
import { openStripe, type LocalStripe } from './stripe/local-stripe.js';

/** Says what an operator can do; printed without a stack. */
export class StartError extends Error {}

export interface Surroundings {
  databaseUrl: string;
  stripe: LocalStripe;
  close(): Promise<void>;
}

/** The database and Stripe, as the configuration says: started here where they are ours. */
export async function openSurroundings(options: {
  config: Config;
  clock: Clock;
  logger: PinoLogger;
  dataDir?: string;
}): Promise<Surroundings> {
  const { config, clock, logger, dataDir = join(findProjectRoot(), '.data') } = options;
  const database = await openDatabase({ config, log: logger, dataDir }).catch((error: unknown) => {
    throw new StartError(error instanceof Error ? error.message : String(error), { cause: error });
  });
  try {
    const onError = (err: unknown): void => logger.warn({ err, msg: 'the Stripe emulator reports a problem' });
    const stripe = await openStripe({ config, clock, dataDir, onError });
    const close = async (): Promise<void> => {
      await stripe.close();
      await database.close();
    };
    return { databaseUrl: database.url, stripe, close };
  } catch (error) {
    await database.close();
    throw error;
  }
}
