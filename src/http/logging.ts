import type { LoggerService } from '@nestjs/common';
import { pino, stdTimeFunctions, type DestinationStream, type Logger as PinoLogger, type LoggerOptions } from 'pino';

export type LogLevel = 'info' | 'warn' | 'silent';

/** Which Nest contexts only say at start what the routes and modules are called. */
const CHATTY_CONTEXTS = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory']);

const SENSITIVE_HEADERS = ['authorization', 'cookie', 'set-cookie', 'idempotency-key', 'stripe-signature'];

/**
 * What must never stand in a log, wherever an error message may have picked it up: e-mail addresses, links (a link may
 * be a key), tokens, Stripe secrets.
 */
const SENSITIVE_TEXT: [RegExp, string][] = [
  [/\b[a-z][a-z0-9+.-]*:\/\/(?!\/)[^\s'")]+/gi, '[link]'],
  [/[\w.+-]+@[\w-]+(\.[\w-]+)+/g, '[email]'],
  [/\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g, '[token]'],
  [/\b(sk|rk|whsec)_\w+/g, '[secret]'],
];

/** Takes out of a text what must not be logged. */
export function scrub(text: string): string {
  return SENSITIVE_TEXT.reduce((clean, [pattern, label]) => clean.replace(pattern, label), text);
}

/**
 * An unexpected error for somebody's terminal: its stack and those of its causes. Not its other properties, which hold
 * requests, rows and the address of the database.
 */
export function printableError(error: unknown): string {
  if (!(error instanceof Error)) return scrub(String(error));
  const cause = error.cause === undefined ? '' : `\n  because of ${printableError(error.cause)}`;
  return `${scrub(error.stack ?? error.message)}${cause}`;
}

/** So much is written at once, */
const BLOCK_BYTES = 8 * 1024;
/** and whatever there is this often. */
const BLOCK_MS_MAX = 100;

/**
 * Standard output for a server's log, written in blocks: a write for each line took a sixth of the time of a busy server.
 * A line may be a tenth of a second late; however the process ends by itself, by an error that nobody caught, too, it is
 * written before.
 */
export function standardOutputInBlocks(): DestinationStream {
  const output = pino.destination({ dest: 1, sync: true, minLength: BLOCK_BYTES, periodicFlush: BLOCK_MS_MAX });
  process.once('exit', () => output.flushSync());
  return output;
}

/** One JSON object per line, on standard output unless told otherwise. */
export function createLogger(level: LogLevel, destination?: DestinationStream): PinoLogger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: describeError },
    redact: { paths: SENSITIVE_HEADERS.flatMap((name) => [`["${name}"]`, `headers["${name}"]`]), censor: '[redacted]' },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** Type, code, message and stack; not the other properties, which hold queries, parameters and whole rows. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: scrub(String(error)) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { type: error.name, code, message: scrub(error.message), stack: scrub(error.stack ?? '') };
}

/** Lets Nest and the services, which log through Nest's Logger, write to the same pino. */
export class NestLogger implements LoggerService {
  constructor(private readonly pino: PinoLogger) {}

  log(message: unknown, ...rest: unknown[]): void {
    const context = contextOf(rest);
    if (context !== undefined && CHATTY_CONTEXTS.has(context)) this.write('debug', message, rest);
    else this.write('info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  private write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: unknown[],
  ): void {
    const context = contextOf(rest);
    if (message instanceof Error) this.pino[level]({ context, err: message }, scrub(message.message));
    else if (typeof message === 'object' && message !== null) this.pino[level]({ context, ...fieldsOf(message) });
    else if (rest.length > 1) this.pino[level]({ context, stack: scrub(String(rest[0])) }, scrub(String(message)));
    else this.pino[level]({ context }, scrub(String(message)));
  }
}

/** `logger.warn({ message: 'what happened', affiliateId })`: the sentence becomes the line's `msg`. */
function fieldsOf(entry: object): Record<string, unknown> {
  const fields = Object.entries(entry).map(([name, value]: [string, unknown]) => [
    name === 'message' ? 'msg' : name,
    typeof value === 'string' ? scrub(value) : value,
  ]);
  return Object.fromEntries(fields) as Record<string, unknown>;
}

/** Nest's Logger puts its context last. */
function contextOf(rest: unknown[]): string | undefined {
  const last = rest.at(-1);
  return typeof last === 'string' ? last : undefined;
}
