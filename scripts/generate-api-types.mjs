/**
 * Writes the types of the API's answers for the dashboard, dashboard/generated/api.d.ts, from openapi.json. The file is
 * not kept in the repository: what is made whenever it is needed cannot be stale. Only types: no build depends on it.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const TARGET = join(ROOT, 'dashboard', 'generated', 'api.d.ts');

const document = JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8'));
const types = `/** Made from openapi.json by scripts/generate-api-types.mjs. */\n\n${astToString(await openapiTS(document))}`;
mkdirSync(dirname(TARGET), { recursive: true });
// Left alone when nothing changed, so that no watcher sees a change.
if (!existsSync(TARGET) || readFileSync(TARGET, 'utf8') !== types) writeFileSync(TARGET, types);
