import { existsSync } from 'node:fs';

/** The environment, with what `.env` in the working folder adds to it; variables that are set already win. */
export function loadEnvironment(): NodeJS.ProcessEnv {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}
