/**
 * Bundles what the admin panel sends to browsers, once, when it is built: AdminJS' own scripts and our components, each
 * under a name with its hash, with a compressed twin. At run time nothing is bundled and no source is needed.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { placeBundle } from './bundle-cache.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const COMPONENTS = join(ROOT, 'src', 'admin', 'components');
/** The one file of the service's own that the components import, but for types. */
const SHARED = join(ROOT, 'src', 'common', 'money.ts');
const PICTURES = join(ROOT, 'src', 'admin', 'pictures');

/** Puts what browsers get into `target`. */
export async function bundleAdmin(target) {
  const inputs = [COMPONENTS, PICTURES, SHARED, join(ROOT, 'package-lock.json'), fileURLToPath(import.meta.url)];
  await placeBundle({ root: ROOT, name: 'admin-assets', inputs, target, make: makeAssets });
}

async function makeAssets(folder) {
  const bundled = join(folder, 'components.bundle.js');
  await bundleComponents(bundled);
  const scripts = scriptsOfAdminJs();
  const manifest = {};
  for (const [name, file] of Object.entries({ ...scripts, 'components.bundle.js': bundled })) {
    manifest[name] = writeHashed(folder, name, readFileSync(file), { compressed: true });
  }
  for (const name of readdirSync(PICTURES)) {
    manifest[name] = writeHashed(folder, name, readFileSync(join(PICTURES, name)), { compressed: false });
  }
  rmSync(bundled);
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest, null, 2));
}

async function bundleComponents(file) {
  // Read when AdminJS is imported: only so it minifies, and writes no source map of the machine it was built on.
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  try {
    const { componentsBundler } = await import('adminjs/bundler');
    componentsBundler.setInputOption('input', join(COMPONENTS, 'entry.tsx')).setOutputOption('file', file);
    await componentsBundler.build();
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
}

/** Always the ones for production: those for development are ten times as large. */
function scriptsOfAdminJs() {
  const require = createRequire(import.meta.url);
  const ownScripts = join(dirname(require.resolve('adminjs')), 'lib', 'frontend', 'assets', 'scripts');
  const designSystem = join(dirname(require.resolve('@adminjs/design-system')), '..');
  return {
    'global.bundle.js': join(ownScripts, 'global-bundle.production.js'),
    'app.bundle.js': join(ownScripts, 'app-bundle.production.js'),
    'design-system.bundle.js': join(designSystem, 'bundle.production.js'),
  };
}

function writeHashed(folder, name, content, { compressed }) {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const end = name.lastIndexOf('.');
  const hashed = `${name.slice(0, end)}.${hash}${name.slice(end)}`;
  writeFileSync(join(folder, hashed), content);
  if (compressed) writeFileSync(join(folder, `${hashed}.gz`), gzipSync(content, { level: 9 }));
  return hashed;
}
