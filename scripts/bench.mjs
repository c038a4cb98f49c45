/**
 * `npm run bench`: compiles the product and bench/, and runs the benchmarks that the arguments name, or all.
 * bench/README.md says what there is.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
await import(pathToFileURL(join(COMPILED, 'bench', 'main.js')).href);
