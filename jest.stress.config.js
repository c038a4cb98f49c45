import { base } from './jest.config.js';

/** `npm run test:stress`: what takes long, with real processes and by lot. No part of `npm test`. */
export default {
  testTimeout: 900_000,
  maxWorkers: 1,
  projects: [
    {
      ...base,
      displayName: 'stress',
      testMatch: ['<rootDir>/test/stress/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/setup/global-setup.mjs',
      globalTeardown: '<rootDir>/test/setup/global-teardown.mjs',
    },
  ],
};
