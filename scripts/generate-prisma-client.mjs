/**
 * Generates the Prisma client after `npm install`. The Prisma CLI wants to
 * download its schema engine first, although generating does not use it; naming
 * any existing program as that engine keeps the install working without internet.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const schema = join(root, 'prisma', 'schema.prisma');

if (!existsSync(schema)) {
  process.stderr.write(
    'Prisma client not generated: prisma/schema.prisma is missing. In an image, copy prisma/ and scripts/ before installing.\n',
  );
  process.exit(0);
}

let cli;
try {
  cli = createRequire(import.meta.url).resolve('prisma/build/index.js');
} catch {
  // An install without development packages may leave out the CLI, over a client that was generated before.
  if (!existsSync(join(root, 'node_modules', '.prisma', 'client', 'index.js'))) {
    process.stderr.write(
      'Prisma client not generated: the prisma CLI is not installed. Install it, or copy node_modules/.prisma from a full install.\n',
    );
  }
  process.exit(0);
}

const result = spawnSync(process.execPath, [cli, 'generate', '--no-hints'], {
  cwd: root,
  encoding: 'utf8',
  env: {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
    NO_COLOR: '1',
  },
});

if (result.error || result.status !== 0) {
  process.stderr.write('Generating the Prisma client failed:\n');
  process.stderr.write(`${result.error ? result.error.message : `${result.stdout}${result.stderr}`}\n`);
  process.exit(1);
}
