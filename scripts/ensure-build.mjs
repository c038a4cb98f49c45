/**
 * Compiles src/ to dist/ when dist/ is not the compiled form of today's sources. Any number of commands may start at
 * once: one of them compiles, the others wait for it. What compiles goes to a folder of its own and takes the place of
 * dist/ only when it is whole, so a command never starts from half of a build.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleAdmin } from './bundle-admin.mjs';
import { bundleDashboard } from './bundle-dashboard.mjs';
import { bundleSnippet } from './bundle-snippet.mjs';
import { withLock } from './lock.mjs';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, '.build-stamp');
/** Beside dist/, since only a rename within one file system is atomic. */
const STAGING = join(ROOT, 'dist.next');
const OLD = join(ROOT, 'dist.old');
const CACHE = join(ROOT, 'node_modules', '.cache', 'fairshare');

/** What the compiled code depends on; the generated database client follows from the schema. */
const INPUTS = [
  'src',
  'scripts/bundle-admin.mjs',
  'scripts/bundle-cache.mjs',
  'scripts/bundle-dashboard.mjs',
  'dashboard/src',
  'dashboard/index.html',
  'dashboard/vite.config.ts',
  'scripts/bundle-snippet.mjs',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
  'package.json',
  'prisma/schema.prisma',
];

/**
 * Says nothing when there is nothing to do, and nothing but the compiler's complaints otherwise, on stderr.
 * @returns whether dist/ is now usable.
 */
export async function build({ always = false } = {}) {
  // An image holds the compiled code without its sources.
  if (!existsSync(join(ROOT, 'src'))) {
    return existsSync(DIST);
  }
  if (!always && isCurrent()) {
    return true;
  }
  mkdirSync(CACHE, { recursive: true });
  return withLock(join(CACHE, 'build.lock'), () => (!always && isCurrent() ? true : compile()));
}

function isCurrent() {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === fingerprint();
}

/** Names, sizes and times of all inputs: also notices a deleted file and a switched branch. */
function fingerprint() {
  const hash = createHash('sha256');
  for (const input of INPUTS) {
    for (const file of filesBelow(join(ROOT, input))) {
      const { size, mtimeMs } = statSync(file);
      hash.update(`${relative(ROOT, file)} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest('hex');
}

function filesBelow(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return [];
  if (!stats.isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)))
    .filter((file) => !file.endsWith('.spec.ts'));
}

async function compile() {
  // Taken before compiling: a file that changes meanwhile makes the next command compile again.
  const stamp = fingerprint();
  const config = join(CACHE, 'tsconfig.build.json');
  // A compiler whose parent was killed may still be writing to the folder of that parent.
  const next = join(STAGING, String(process.pid));
  rmSync(STAGING, { recursive: true, force: true });
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.build.json'),
      compilerOptions: { rootDir: join(ROOT, 'src'), outDir: next, incremental: false, tsBuildInfoFile: null },
      include: [join(ROOT, 'src')],
      exclude: [join(ROOT, 'src/**/*.spec.ts'), join(ROOT, 'src/admin/components'), join(ROOT, 'src/snippet/browser')],
    }),
  );
  const nest = join(dirname(createRequire(import.meta.url).resolve('@nestjs/cli/package.json')), 'bin', 'nest.js');
  const result = spawnSync(process.execPath, [nest, 'build', '--path', relative(ROOT, config)], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0) {
    process.stderr.write('The build failed.\n');
    rmSync(STAGING, { recursive: true, force: true });
    return false;
  }
  const bundles = [
    ['admin panel', () => bundleAdmin(join(next, 'admin', 'assets'))],
    ['dashboard', () => bundleDashboard(join(next, 'dashboard', 'page'))],
    ['snippet', () => bundleSnippet(join(next, 'snippet'))],
  ];
  for (const [name, bundle] of bundles) {
    try {
      await bundle();
    } catch (error) {
      process.stderr.write(`The ${name} could not be bundled: ${error instanceof Error ? error.message : error}\n`);
      rmSync(STAGING, { recursive: true, force: true });
      return false;
    }
  }
  writeFileSync(join(next, '.build-stamp'), stamp);
  rmSync(OLD, { recursive: true, force: true });
  if (existsSync(DIST)) {
    renameSync(DIST, OLD);
  }
  renameSync(next, DIST);
  rmSync(STAGING, { recursive: true, force: true });
  rmSync(OLD, { recursive: true, force: true });
  return true;
}
