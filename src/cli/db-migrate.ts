import { existsSync } from 'node:fs';
import { ConfigError, readConfig } from '../config/config.js';
import { migrateDatabase } from '../database/open-database.js';

try {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const applied = await migrateDatabase({ config: readConfig(process.env), log: console });
  console.log(applied.length > 0 ? `Applied: ${applied.join(', ')}` : 'Nothing to do: the schema is up to date.');
} catch (error) {
  console.error(error instanceof ConfigError || error instanceof Error ? error.message : error);
  process.exit(1);
}
