import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { StripeEmulator } from '../../src/stripe/emulator/index.js';
import { eventually } from './eventually.js';
import { WEBHOOK_SECRET } from './app.js';
import type { TestDatabase } from './database.js';
import { freePort } from './free-port.js';

/** A machine that does much else at once starts a server slowly. */
const START_TIMEOUT_MS = 150_000;

const ROOT = join(import.meta.dirname, '..', '..');

/** A process of the product, from its first moment on. */
export interface ProductProcess {
  pid: number;
  /** What it has printed so far. */
  output(): string;
  isRunning(): boolean;
  /** Sends a signal; `SIGKILL` is kill -9. */
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code, null after a signal. */
  exited: Promise<number | null>;
}

export interface ServerProcess {
  url: string;
  process: ProductProcess;
  /** `SIGTERM` by default; `SIGKILL` is kill -9. Resolves with the exit code, null after a signal. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** What a process of the product runs with: this database, and this emulator in Stripe's place. */
export function processEnv(
  database: Pick<TestDatabase, 'url' | 'ownerUrl'>,
  stripe: Pick<StripeEmulator, 'url'>,
  extra: Record<string, string> = {},
): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    NODE_ENV: 'test',
    DATABASE_URL: database.url,
    MIGRATION_DATABASE_URL: database.ownerUrl,
    STRIPE_SECRET_KEY: 'sk_test_process',
    STRIPE_API_BASE: stripe.url,
    STRIPE_WEBHOOK_SECRETS: WEBHOOK_SECRET,
    SITE_URL: 'https://app.example.com',
    // Takes two seconds to load, and most tests never open it.
    ADMIN_ENABLED: 'false',
    ...extra,
  };
}

/**
 * Starts a built program, `main` or `cli/payouts`, with nothing or `input` on its standard input; waits for nothing. `root`
 * is where another version lies.
 */
export function startProcess(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  { input = '', root = ROOT }: { input?: string | undefined; root?: string | undefined } = {},
): ProductProcess {
  const child = spawn(process.execPath, [`dist/${program}.js`, ...args], { cwd: root, env });
  child.stdin.end(input);
  return {
    pid: child.pid ?? 0,
    output: collect(child),
    isRunning: () => child.exitCode === null && child.signalCode === null,
    signal: (name) => void child.kill(name),
    exited: new Promise((resolve) => child.once('close', (code) => resolve(code))),
  };
}

/**
 * Starts the built server as a process of its own, on any port unless one is given, and waits until it is ready.
 * @throws Error with what it printed, as soon as it has ended instead.
 */
export async function startServerProcess(
  env: NodeJS.ProcessEnv,
  givenPort?: number,
  root?: string,
): Promise<ServerProcess> {
  const port = givenPort ?? (await freePort());
  const server = startProcess('main', [], { ...env, PORT: String(port) }, { root });
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => {
    if (!server.isRunning()) return;
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  }, START_TIMEOUT_MS);
  if (!server.isRunning()) throw new Error(`the server ended with ${await server.exited}:\n${server.output()}`);
  return {
    url,
    process: server,
    end: (signal = 'SIGTERM') => {
      server.signal(signal);
      return server.exited;
    },
  };
}

/** Runs a built command to its end. */
export async function runCommandProcess(
  file: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  options: { input?: string; root?: string } = {},
): Promise<{ exitCode: number | null; output: string }> {
  const command = startProcess(`cli/${file}`, args, env, options);
  return { exitCode: await command.exited, output: command.output() };
}

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}
