/** @type {import('jest').Config} */
export const base = {
  // Files run in Node itself, which reads TypeScript by hooks of the same framework.
  testRunner: '<rootDir>/test/setup/native-framework.mjs',
  testEnvironment: 'node',
  transform: {},
};

export default {
  // Generous, since much may run at a time on a machine that also does other things; what hangs is known by then.
  testTimeout: 300_000,
  // More than the two cores that are promised: much of what tests take is waiting for processes, schedules, a browser.
  maxWorkers: 3,
  // A worker with nothing left open takes half a second to end: so long does the thread in which Node reads TypeScript.
  workerGracefulExitTimeout: 10_000,
  testSequencer: '<rootDir>/test/setup/longest-first.mjs',
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.spec.ts'] },
    {
      ...base,
      displayName: 'integration',
      testMatch: ['integration', 'scenarios', 'failures', 'properties', 'browser'].map(
        (folder) => `<rootDir>/test/${folder}/**/*.spec.ts`,
      ),
      globalSetup: '<rootDir>/test/setup/global-setup.mjs',
      globalTeardown: '<rootDir>/test/setup/global-teardown.mjs',
    },
  ],
};
