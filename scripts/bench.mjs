/**
 * `npm run bench`: compiles the product and bench/, and runs the benchmarks that the arguments name, or all.
 * bench/README.md says what there is.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transformSync } from '@swc/core';
import { build, ROOT } from './ensure-build.mjs';

/** Beside a link by which `../src` means dist/: what is measured is the product as it is shipped. */
const COMPILED = join(ROOT, 'node_modules', '.cache', 'fairshare', 'bench');

if (!(await build())) {
  process.exit(1);
}
rmSync(COMPILED, { recursive: true, force: true });
mkdirSync(COMPILED, { recursive: true });
symlinkSync(join(ROOT, 'dist'), join(COMPILED, 'src'));
for (const file of readdirSync(join(ROOT, 'bench'), { recursive: true }).filter((name) => name.endsWith('.ts'))) {
  const target = join(COMPILED, 'bench', file.replace(/\.ts$/, '.js'));
  const { code } = transformSync(readFileSync(join(ROOT, 'bench', file), 'utf8'), {
    filename: file,
    sourceMaps: 'inline',
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
  });
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, code);
}
writeFileSync(join(COMPILED, 'package.json'), '{ "type": "module" }');
copyTutorialBuild();
await import(pathToFileURL(join(COMPILED, 'bench', 'main.js')).href);

/** The tutorial build is JavaScript with a Prisma client of its own. */
function copyTutorialBuild() {
  const target = join(COMPILED, 'bench', 'baselines', 'tutorial');
  mkdirSync(target, { recursive: true });
  for (const file of ['server.mjs', 'schema.prisma', 'tables.sql']) {
    copyFileSync(join(ROOT, 'bench', 'baselines', 'tutorial', file), join(target, file));
  }
  const cli = createRequire(import.meta.url).resolve('prisma/build/index.js');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [cli, 'generate', '--no-hints', '--schema', 'schema.prisma'],
    {
      cwd: target,
      encoding: 'utf8',
      // Generating does not use that engine, and any program will do for it (generate-prisma-client.mjs).
      env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
    },
  );
  if (status !== 0) throw new Error(`the client of the tutorial build could not be generated:\n${stdout}${stderr}`);
  // It is CommonJS, below a package of modules.
  writeFileSync(join(target, 'client', 'package.json'), '{ "type": "commonjs", "main": "index.js" }');
}
