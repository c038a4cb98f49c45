import { parseArgs, type ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;

/** A wrong call: printed with the usage, exit code 2. */
export class UsageError extends Error {}

/** Ends the process with the usage where it is asked for, before anything is read or opened. */
export function answerHelp(usage: string): void {
  if (!process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) return;
  console.log(usage.trim());
  process.exit(0);
}

/** The options of the command line; whatever else stands there is refused. @throws UsageError. */
export function readOptions<T extends Options>(options: T): ReturnType<typeof parseArgs<{ options: T }>>['values'] {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
