import { readConfig } from '../config/config.js';
import { loadEnvironment } from '../config/load-environment.js';
import { migrateDatabase } from '../database/open-database.js';
import { answerHelp, readOptions, UsageError } from './command-options.js';

const USAGE = `
Usage: npm run db:migrate

Applies the migrations that the database lacks, also to the embedded one, which is migrated at start anyway.`;

answerHelp(USAGE);
try {
  readOptions({});
  const applied = await migrateDatabase({ config: readConfig(loadEnvironment()), log: console });
  console.log(applied.length > 0 ? `Applied: ${applied.join(', ')}` : 'Nothing to do: the schema is up to date.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof UsageError) console.error(USAGE);
  process.exit(error instanceof UsageError ? 2 : 1);
}
