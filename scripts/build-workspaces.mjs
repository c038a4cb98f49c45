/** Compiles the SDK and the example app that uses it, where their sources have changed. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './ensure-build.mjs';
import { withLock } from './lock.mjs';

const CACHE = join(ROOT, 'node_modules', '.cache', 'fairshare');

/** @returns whether both are now usable. What the compiler has to say goes to stderr. */
export async function buildWorkspaces() {
  mkdirSync(CACHE, { recursive: true });
  return withLock(join(CACHE, 'workspaces.lock'), () => {
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const { status } = spawnSync(process.execPath, [compiler, '-b', 'examples/express-host'], {
      cwd: ROOT,
      stdio: ['ignore', 2, 2],
    });
    return status === 0;
  });
}

if (process.argv[1] === import.meta.filename) process.exit((await buildWorkspaces()) ? 0 : 1);
