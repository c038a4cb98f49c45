/**
 * Writes packages/sdk/src/api.ts, the types of the API, from openapi.json; with --check compares and fails on a
 * difference. Unlike the dashboard's, these are kept in the repository: they are what hosts compile against.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const TARGET = join(ROOT, 'packages', 'sdk', 'src', 'api.ts');

const document = JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8'));
document.paths = Object.fromEntries(Object.entries(document.paths).filter(([path]) => path.startsWith('/v1/')));
for (const operation of Object.values(document.paths).flatMap((item) => Object.values(item))) {
  // Every call fails in the same ways, and as a FairshareError.
  operation.responses = Object.fromEntries(Object.entries(operation.responses).filter(([status]) => status < '400'));
}
const types = `/** Made from openapi.json by scripts/generate-sdk-types.mjs. */\n\n${astToString(await openapiTS(document, { defaultNonNullable: false }))}`;

if (!process.argv.includes('--check')) {
  writeFileSync(TARGET, types);
} else if (readFileSync(TARGET, 'utf8') !== types) {
  process.stderr.write('packages/sdk/src/api.ts is not what openapi.json says. Run "npm run openapi".\n');
  process.exit(1);
}
