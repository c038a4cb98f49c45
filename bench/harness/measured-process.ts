import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProjectRoot } from '../../src/database/project-root.js';
import type { BenchDatabase } from './bench-server.js';
import { keptMegabytes, TELLING_OF_GARBAGE } from './kept-memory.js';
import type { WorkerReport } from './worker.js';

/**
 * Runs a program of bench/workers as a process of its own, on this database, and returns what it reported.
 *
 * @throws Error with what it printed when it fails.
 */
export async function runWorker<T extends Record<string, number>>(
  name: string,
  database: BenchDatabase,
  options: {
    env?: Record<string, string>;
    args?: string[];
    /** The command of package.json whose flags for Node it is started with, so that its memory is that command's. */
    flagsOf?: string;
    /** So that what it keeps is known, too. */
    isGarbageTold?: boolean;
  } = {},
): Promise<WorkerReport<T> & { keptMegabytes: number }> {
  const child = fork(join(import.meta.dirname, '..', 'workers', `${name}.js`), options.args ?? [], {
    execArgv: [
      ...(options.isGarbageTold ? [TELLING_OF_GARBAGE] : []),
      ...(options.flagsOf === undefined ? [] : flagsOf(options.flagsOf)),
    ],
    env: { ...workerEnv(database), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  const kept = child.stdout ? keptMegabytes(child.stdout) : () => Number.NaN;
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  let reported: WorkerReport<T> | undefined;
  child.on('message', (message) => (reported = message as WorkerReport<T>));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0 || !reported) throw new Error(`${name} ended with ${String(code)}:\n${output}`);
  return { ...reported, keptMegabytes: kept() };
}

/** The flags for Node of a command of package.json. */
export function flagsOf(command: string): string[] {
  const { scripts } = JSON.parse(readFileSync(join(findProjectRoot(), 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const words = scripts[command]?.split(' ') ?? [];
  return words.slice(
    1,
    words.findIndex((word) => word.endsWith('.mjs') || word.endsWith('.js')),
  );
}

export function workerEnv({ url, ownerUrl }: BenchDatabase): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    NODE_ENV: 'test',
    DATABASE_URL: url,
    MIGRATION_DATABASE_URL: ownerUrl,
    SITE_URL: 'https://app.example.com',
    STRIPE_SECRET_KEY: 'sk_test_bench',
    // Nobody listens there: what is measured without a stand-in for Stripe must not ask it.
    STRIPE_API_BASE: 'http://127.0.0.1:9',
    STRIPE_WEBHOOK_SECRETS: 'whsec_bench',
    PAYOUT_APPROVAL: 'manual',
  };
}
