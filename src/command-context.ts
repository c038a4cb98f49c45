import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule, type AppOptions } from './app.module.js';
import { SystemClock } from './common/clock.js';
import type { Config } from './config/config.js';
import { createLogger, NestLogger } from './http/logging.js';
import { openSurroundings } from './surroundings.js';

/** What a command needs: the same modules on the same database and Stripe, without routes and background work. */
export async function openCommandContext(
  config: Config,
  parts?: AppOptions['parts'],
): Promise<{ app: INestApplicationContext; close(): Promise<void> }> {
  const clock = new SystemClock();
  // What a command prints is its result, perhaps a file for another program: its log goes beside it.
  const logger = createLogger('warn', process.stderr);
  const surroundings = await openSurroundings({ config, clock, logger });
  const { databaseUrl, stripe } = surroundings;
  try {
    const module = AppModule.with({ config, clock, databaseUrl, stripe: stripe.connection, parts });
    const app = await NestFactory.createApplicationContext(module, {
      logger: new NestLogger(logger),
      abortOnError: false,
    });
    const close = async (): Promise<void> => {
      await app.close();
      await surroundings.close();
    };
    return { app, close };
  } catch (error) {
    await surroundings.close();
    throw error;
  }
}
