/**
 * Runs a program of dist/ in this very process, so that signals and exit codes are its own, after compiling where the
 * sources are newer: `node scripts/run.mjs dist/cli/payouts.js --period 2026-12`.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, ROOT } from './ensure-build.mjs';

const [program, ...args] = process.argv.slice(2);
if (!program) {
  process.stderr.write('Usage: node scripts/run.mjs dist/<program>.js [arguments]\n');
  process.exit(2);
}
if (!(await build())) {
  process.exit(1);
}
const file = join(ROOT, program);
process.argv = [process.execPath, file, ...args];
await import(pathToFileURL(file).href);
