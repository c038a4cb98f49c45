/**
 * `npm test`: compiles, since some tests start the service as a process, and runs all tests, or those that the
 * arguments name, as jest takes them. The last line is always `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { buildWorkspaces } from './build-workspaces.mjs';
import { build, ROOT } from './ensure-build.mjs';

const RESULTS = join(ROOT, 'test-results', 'jest.json');

if (!(await build()) || !(await buildWorkspaces())) {
  finish({ passed: 0, failed: 1 }, 'The build failed, so no test ran.');
}

mkdirSync(dirname(RESULTS), { recursive: true });
rmSync(RESULTS, { force: true });

const jest = join(dirname(createRequire(import.meta.url).resolve('jest/package.json')), 'bin', 'jest.js');
const { status } = spawnSync(process.execPath, [jest, '--json', `--outputFile=${RESULTS}`, ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: 'inherit',
});

if (existsSync(RESULTS)) {
  const results = JSON.parse(readFileSync(RESULTS, 'utf8'));
  const counts = {
    passed: results.numPassedTests,
    // A file that could not even be loaded holds no test that could fail.
    failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
    skipped: results.numPendingTests + results.numTodoTests,
  };
  const isUnsound = status !== 0 && counts.failed === 0;
  finish(
    { ...counts, failed: isUnsound ? 1 : counts.failed },
    isUnsound ? `Jest ended with code ${status}.` : undefined,
  );
}
if (status === 0) {
  // Such as --listTests and --help, which run nothing.
  process.exit(0);
}
finish({ passed: 0, failed: 1 }, 'Jest ended without a result.');

function finish({ passed, failed, skipped = 0 }, message) {
  if (message) process.stderr.write(`${message}\n`);
  process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  process.exit(failed > 0 ? 1 : 0);
}
