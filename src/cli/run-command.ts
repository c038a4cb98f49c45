import type { INestApplicationContext } from '@nestjs/common';
import type { AppOptions } from '../app.module.js';
import { openCommandContext } from '../command-context.js';
import { DomainError } from '../common/domain-error.js';
import { ConfigError, readConfig, type Config } from '../config/config.js';
import { loadEnvironment } from '../config/load-environment.js';
import { printableError } from '../http/logging.js';
import { StartError } from '../surroundings.js';
import { answerHelp, UsageError } from './command-options.js';

/**
 * Runs a command with the same modules as the server, without its listener, schedule and workers, and ends the
 * process: exit code 0 only when `work` says that all went well, or the usage was asked for. `parts` are modules that only this command needs.
 */
export async function runCommand(
  usage: string,
  work: (app: INestApplicationContext, config: Config) => Promise<boolean>,
  parts?: AppOptions['parts'],
): Promise<never> {
  answerHelp(usage);
  let exitCode: number;
  try {
    const config = readConfig(loadEnvironment());
    const context = await openCommandContext(config, parts);
    try {
      exitCode = (await work(context.app, config)) ? 0 : 1;
    } finally {
      await context.close();
    }
  } catch (error) {
    exitCode = error instanceof UsageError ? 2 : 1;
    const forOperator =
      error instanceof ConfigError ||
      error instanceof StartError ||
      error instanceof UsageError ||
      error instanceof DomainError;
    console.error(forOperator ? error.message : printableError(error));
    if (error instanceof UsageError) console.error(usage);
  }
  process.exit(exitCode);
}
