import { readConfig } from '../config/config.js';
import { loadEnvironment } from '../config/load-environment.js';
import { migrateDatabase } from '../database/open-database.js';

try {
  const applied = await migrateDatabase({ config: readConfig(loadEnvironment()), log: console });
  console.log(applied.length > 0 ? `Applied: ${applied.join(', ')}` : 'Nothing to do: the schema is up to date.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
