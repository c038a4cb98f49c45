import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { StripeEmulator } from '../../src/stripe/emulator/index.js';
import { eventually } from './eventually.js';
import { WEBHOOK_SECRET } from './app.js';
import type { TestDatabase } from './database.js';

const ROOT = join(import.meta.dirname, '..', '..');

export interface ServerProcess {
  url: string;
  /** `SIGTERM` by default; `SIGKILL` is kill -9. Resolves with the exit code, null after a signal. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** What a process of the product runs with: this database, and this emulator in Stripe's place. */
export function processEnv(
  database: Pick<TestDatabase, 'url' | 'ownerUrl'>,
  stripe: StripeEmulator,
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
    ...extra,
  };
}

/** Starts the built server as a process of its own and waits until it is ready. */
export async function startServerProcess(env: NodeJS.ProcessEnv): Promise<ServerProcess> {
  const port = await freePort();
  const child = spawn(process.execPath, ['dist/main.js'], {
    cwd: ROOT,
    env: { ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${output()}`);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  }, 60_000);
  return {
    url,
    end: (signal = 'SIGTERM') => {
      const exited = exitOf(child);
      child.kill(signal);
      return exited;
    },
  };
}

/** Runs a built command to its end. */
export async function runCommandProcess(
  file: string,
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ exitCode: number | null; output: string }> {
  const child = spawn(process.execPath, [`dist/cli/${file}.js`, ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  return { exitCode: await exitOf(child), output: output() };
}

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('close', (code) => resolve(code)));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
