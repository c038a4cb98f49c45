/**
 * Bundles the affiliates' dashboard (dashboard/) with Vite, once, when the service is built: `index.html`, and in
 * `assets/` files under names with their hash. Each has compressed twins beside it, `.br` and `.gz`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { placeBundle } from './bundle-cache.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const DASHBOARD = join(ROOT, 'dashboard');
const INPUTS = [
  ...['src', 'index.html', 'vite.config.ts'].map((name) => join(DASHBOARD, name)),
  // The one file of the service's own that the page imports.
  join(ROOT, 'src', 'common', 'money.ts'),
  join(ROOT, 'package-lock.json'),
  fileURLToPath(import.meta.url),
];
const COMPRESSIBLE = /\.(html|js|css|svg)$/;

/** Puts the page into `target`. */
export async function bundleDashboard(target) {
  await placeBundle({ root: ROOT, name: 'dashboard-page', inputs: INPUTS, target, make: makePage });
}

async function makePage(folder) {
  // Vite belongs to the workspace, and lies in its node_modules.
  const vite = createRequire(join(DASHBOARD, 'package.json')).resolve('vite');
  const { build } = await import(pathToFileURL(vite).href);
  await build({
    root: DASHBOARD,
    configFile: join(DASHBOARD, 'vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: folder, emptyOutDir: true },
  });
  for (const name of readdirSync(folder, { recursive: true }).filter((file) => COMPRESSIBLE.test(file))) {
    const file = join(folder, name);
    const content = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(content));
    writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
  }
}
