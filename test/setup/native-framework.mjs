/**
 * Runs a spec file in Node itself instead of in a sandbox of its own, as jest does by itself: there, every file would
 * read, link and evaluate the whole application and its packages anew, which takes longer than most tests. Here a worker
 * loads them once, whatever the number of its files. Everything else is jest's own: finding files, workers, `describe`,
 * `expect`, timeouts, reports.
 *
 * What it costs: module state outlives a file, so tests keep none; and `jest.mock` and snapshots are not to be had.
 */
import { createRequire, register } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
/** What jest-circus itself runs a file with; not among its exports. */
const ADAPTER = join(dirname(require.resolve('jest-circus/package.json')), 'build', 'jestAdapterInit.js');

register('./typescript-hooks.mjs', import.meta.url);
process.setSourceMapsEnabled(true);

export default async function runFile(globalConfig, config, environment, runtime, testPath, sendMessageToJest) {
  // It keeps what a file has described, so each file gets a new one.
  delete require.cache[ADAPTER];
  const circus = require(ADAPTER);
  await circus.initialize({
    config,
    environment,
    globalConfig,
    localRequire: require,
    parentProcess: process,
    runtime,
    sendMessageToJest,
    setGlobalsForRuntime: (globals) => Object.assign(globalThis, globals),
    testPath,
  });
  // Jest's own looks for source maps where its transformation leaves them. Node knows those of the hooks.
  Error.prepareStackTrace = undefined;
  await import(pathToFileURL(testPath).href);
  return circus.runAndTransformResultsToJestFormat({ config, globalConfig, testPath });
}
