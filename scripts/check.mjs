/**
 * `npm run check`: everything that can be said about the code without running its tests. All checks run, also when an
 * earlier one fails; what the failed ones had to say is printed above the table.
 */
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './ensure-build.mjs';

/** The longest first, so that the short ones fill the gaps. One with `after` needs what the other makes. */
const CHECKS = [
  { name: 'build', command: ['node', 'scripts/build.mjs', '--if-changed'] },
  { name: 'lint', command: ['eslint', '.', '--max-warnings=0'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'types of the admin panel’s pages', command: ['tsc', '--noEmit', '-p', 'src/admin/components'] },
  { name: 'types of the dashboard', command: ['tsc', '--noEmit', '-p', 'dashboard'] },
  { name: 'types of the snippet', command: ['tsc', '--noEmit', '-p', 'src/snippet/browser'] },
  { name: 'types of the SDK and the example app', command: ['node', 'scripts/build-workspaces.mjs'] },
  { name: 'the SDK’s types match openapi.json', command: ['node', 'scripts/generate-sdk-types.mjs', '--check'] },
  { name: 'migrations match the schema', after: 'build', command: ['node', 'dist/cli/check-migrations.js'] },
  { name: 'openapi.json matches the code', after: 'build', command: ['node', 'dist/cli/openapi.js', '--check'] },
  { name: 'format', command: ['prettier', '--check', '--log-level=warn', '.'] },
  {
    name: 'import directions and cycles',
    command: ['depcruise', 'src', 'test', 'bench', '--config', '.dependency-cruiser.cjs', '--output-type', 'err-long'],
  },
  { name: 'dead code and dependencies', command: ['knip', '--no-progress', '--no-config-hints'] },
];

// Lint and types of the dashboard read it.
await import('./generate-api-types.mjs');

const started = new Map();
const queue = [...CHECKS];
await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work));
process.exit(report(await Promise.all(started.values())) ? 0 : 1);

async function work() {
  for (let check = queue.shift(); check; check = queue.shift()) {
    const result = runAfter(check);
    started.set(check.name, result);
    await result;
  }
}

async function runAfter({ name, after, command }) {
  if (after && !(await started.get(after)).passed) {
    return { name, passed: false, seconds: 0, output: `Not run, since "${after}" failed.\n` };
  }
  return run(name, command);
}

/** Never rejects: a program that cannot even be started is a check that failed. */
function run(name, [program, ...args]) {
  const begun = performance.now();
  return new Promise((resolve) => {
    const chunks = [];
    const file = program === 'node' ? process.execPath : join(ROOT, 'node_modules', '.bin', program);
    const child = spawn(file, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    const finish = (passed) => {
      const seconds = (performance.now() - begun) / 1000;
      resolve({ name, passed, seconds, output: Buffer.concat(chunks).toString() });
    };
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => {
      chunks.push(Buffer.from(`${error.message}\n`));
      finish(false);
    });
    child.on('close', (code) => finish(code === 0));
  });
}

function report(results) {
  for (const { name, output } of results.filter(({ passed }) => !passed)) {
    process.stdout.write(`\n--- ${name} ---\n${output.trim()}\n`);
  }
  const width = Math.max(...results.map(({ name }) => name.length));
  process.stdout.write('\n');
  for (const { name, passed, seconds } of results) {
    process.stdout.write(
      `${passed ? 'ok    ' : 'FAILED'}  ${name.padEnd(width)}  ${seconds.toFixed(1).padStart(5)} s\n`,
    );
  }
  const failed = results.filter(({ passed }) => !passed).length;
  process.stdout.write(failed === 0 ? '\nAll checks passed.\n' : `\n${failed} of ${results.length} checks failed.\n`);
  return failed === 0;
}
