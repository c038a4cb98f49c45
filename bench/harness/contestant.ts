import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type pg from 'pg';
import type { BenchDatabase } from './bench-server.js';
import { keptMegabytes, TELLING_OF_GARBAGE } from './kept-memory.js';
import { flagsOf, workerEnv } from './measured-process.js';
import { postgresProcessorSeconds, processorSeconds } from './processor-time.js';

/** With BENCH_PROFILES, a folder: every process that ends in good order leaves a profile of its processor time there. */
const PROFILES = process.env['BENCH_PROFILES'];
const PROFILED = PROFILES === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${PROFILES}`];

/** A server that is measured, in a process of its own. */
export interface Contestant {
  port: number;
  pid: number;
  /** What it kept so far (kept-memory.ts), where garbage is told of. */
  keptMegabytes(): number;
  /** `kill -9`: nothing of it lives on. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a program below bench/ that serves HTTP and says on which port, with the flags that the service is started with.
 * @param isGarbageTold so that what it keeps is known, too.
 * @throws Error with what it printed when it ends instead.
 */
export async function startContestant(
  program: string,
  database: BenchDatabase,
  env: Record<string, string> = {},
  isGarbageTold = false,
): Promise<Contestant> {
  const child = fork(join(import.meta.dirname, '..', program), {
    execArgv: [...(isGarbageTold ? [TELLING_OF_GARBAGE] : []), ...flagsOf('start:prod'), ...PROFILED],
    env: { ...workerEnv(database), ...env },
    // What it logs is not read by us, who measure it, unless garbage is to be told of.
    stdio: ['ignore', isGarbageTold ? 'pipe' : 'ignore', 'pipe', 'ipc'],
  });
  let complaints = '';
  child.stderr?.on('data', (chunk: Buffer) => (complaints = (complaints + chunk.toString()).slice(-10_000)));
  const kept = child.stdout ? keptMegabytes(child.stdout) : () => Number.NaN;
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve((message as { port: number }).port));
    child.once('exit', (code) => reject(new Error(`${program} ended with ${String(code)}:\n${complaints}`)));
  });
  return {
    port,
    pid: child.pid ?? 0,
    keptMegabytes: kept,
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

export interface ProcessorTime {
  nodeSeconds: number;
  postgresSeconds: number;
}

/** Runs `work` and tells what processor time the contestant and PostgreSQL took for it. */
export async function withProcessorTime<T>(
  pid: number,
  session: pg.Client,
  work: () => Promise<T>,
): Promise<T & ProcessorTime> {
  const before = { node: processorSeconds(pid), postgres: await postgresProcessorSeconds(session) };
  const result = await work();
  return {
    ...result,
    nodeSeconds: processorSeconds(pid) - before.node,
    postgresSeconds: (await postgresProcessorSeconds(session)) - before.postgres,
  };
}
