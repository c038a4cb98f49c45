import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppModule } from '../app.module.js';
import { readConfig } from '../config/config.js';
import { findProjectRoot } from '../database/project-root.js';
import { createDocument } from '../http/openapi.js';
import { serverModules } from '../server-modules.js';

/**
 * Writes the OpenAPI document to openapi.json, or with --check compares it and fails on a difference. Nothing is
 * started: in preview mode Nest knows the routes without making a single provider.
 */
const app = await NestFactory.create(
  AppModule.with({
    config: readConfig({ NODE_ENV: 'test' }),
    databaseUrl: 'postgresql://nowhere',
    stripe: { secretKey: '', apiBase: undefined, webhookSecrets: [], livemode: false },
    parts: serverModules({}),
  }),
  new FastifyAdapter(),
  { preview: true, logger: false, abortOnError: false },
);
const document = `${JSON.stringify(sorted(createDocument(app)), null, 2)}\n`;
const file = join(findProjectRoot(), 'openapi.json');

if (process.argv.includes('--check')) {
  const stored = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (stored !== document) {
    console.error(
      `openapi.json is not what the code says${firstDifference(stored, document)}. Run "npm run openapi" and commit the result.`,
    );
    process.exit(1);
  }
} else {
  writeFileSync(file, document);
}
process.exit(0);

/** The same document whatever the order in which modules were loaded. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

function firstDifference(stored: string, current: string): string {
  const before = stored.split('\n');
  const after = current.split('\n');
  const line = after.findIndex((text, index) => text !== before[index]);
  if (line < 0) return '';
  return ` (first at line ${line + 1}: "${before[line]?.trim() ?? ''}" is now "${after[line]?.trim() ?? ''}")`;
}
