import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { transformSync } from '@swc/core';
import { findProjectRoot } from '../../../src/database/project-root.js';

export interface Checkout {
  folder: string;
  node: string;
  user: { uid: number; gid: number } | undefined;
}

export interface ServerProcess {
  pid: number;
  ownerUrl: string;
  appUrl: string;
  port: number;
  log: string[];
  /** Lets the process stop the database in an orderly way and end. */
  stop(): Promise<void>;
  /** kill -9, to the process alone. */
  kill(): Promise<void>;
  /** What a terminal does on Ctrl-C: SIGINT to the whole process group. Resolves with what the process printed last. */
  pressCtrlC(): Promise<string>;
}

const PROGRAM = `
import { startEmbeddedPostgres } from './database/embedded-postgres.js';
import pg from 'pg';
const print = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
try {
  const database = await startEmbeddedPostgres({ dataDir: process.argv[2], log: (message) => print({ message }) });
  process.stdin.once('data', async () => { await database.stop(); process.exit(0); });
  process.once('SIGINT', async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const client = new pg.Client({ connectionString: database.appUrl });
    await client.connect();
    await client.query('SELECT 1');
    await client.end();
    print({ message: 'the database was still there' });
    await database.stop();
    process.exit(0);
  });
  print({ ready: database });
} catch (error) {
  print({ failure: error.message });
  process.exit(1);
}
`;

/** Puts the compiled database code into a folder, so that real processes can run it; packages are linked. */
export function makeCheckout(folder: string): Checkout {
  compileSources(folder);
  symlinkSync(join(findProjectRoot(), 'node_modules'), join(folder, 'node_modules'));
  return { folder, node: process.execPath, user: undefined };
}

/** The same with copies of the packages and of Node itself, all owned by `user`: it needs nothing outside the folder. */
export function makeFullCheckout(folder: string, user: { uid: number; gid: number }): Checkout {
  compileSources(folder);
  const nodeModules = join(findProjectRoot(), 'node_modules');
  const copied = new Set<string>();
  const copyPackage = (name: string): void => {
    const source = join(nodeModules, name);
    if (copied.has(name) || !existsSync(source)) {
      return;
    }
    copied.add(name);
    cpSync(source, join(folder, 'node_modules', name), { recursive: true, verbatimSymlinks: true });
    const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as Record<
      string,
      object | undefined
    >;
    Object.keys({ ...manifest['dependencies'], ...manifest['optionalDependencies'] }).forEach(copyPackage);
  };
  ['pg', 'embedded-postgres'].forEach(copyPackage);
  const node = join(folder, 'node');
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, folder]);
  return { folder, node, user };
}

/** Starts the database from a process of its own. Rejects with the sentence that the start failed with. */
export async function launch(checkout: Checkout, dataDir: string): Promise<ServerProcess> {
  const child = spawn(checkout.node, [join(checkout.folder, 'dist', 'main.js'), dataDir], {
    ...checkout.user,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const log: string[] = [];
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const ready = await readUntilReady(child, log);
  return {
    ...ready,
    pid: child.pid ?? 0,
    log,
    stop: async () => {
      child.stdin.write('stop\n');
      await ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
    pressCtrlC: async () => {
      process.kill(-(child.pid ?? 0), 'SIGINT');
      await ended;
      return log.at(-1) ?? '';
    },
  };
}

function readUntilReady(
  child: ChildProcess,
  log: string[],
): Promise<{ ownerUrl: string; appUrl: string; port: number }> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => reject(new Error('The process ended before the database was ready.')));
    if (!child.stdout) {
      return;
    }
    createInterface({ input: child.stdout }).on('line', (line) => {
      const printed = JSON.parse(line) as {
        message?: string;
        failure?: string;
        ready?: { ownerUrl: string; appUrl: string; port: number };
      };
      if (printed.message !== undefined) {
        log.push(printed.message);
      } else if (printed.ready) {
        resolve(printed.ready);
      } else {
        reject(new Error(printed.failure));
      }
    });
  });
}

function compileSources(folder: string): void {
  const source = join(findProjectRoot(), 'src', 'database');
  const target = join(folder, 'dist', 'database');
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(source).filter((file) => /^[^.]+\.ts$/.test(file))) {
    const { code } = transformSync(readFileSync(join(source, name), 'utf8'), {
      filename: name,
      swcrc: false,
      jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true } },
      module: { type: 'es6' },
    });
    writeFileSync(join(target, name.replace(/\.ts$/, '.js')), code);
  }
  writeFileSync(join(dirname(target), 'main.js'), PROGRAM);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
}
