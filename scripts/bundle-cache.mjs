/**
 * Bundles for browsers take seconds to make, and most compilations change nothing of them: each is kept in node_modules
 * by what it was made from.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Copies the bundle to `target`, made by `make(folder)` only when none was made from inputs of this content.
 * @param {{ root: string, name: string, inputs: string[], target: string, make: (folder: string) => Promise<void> }} bundle
 */
export async function placeBundle({ root, name, inputs, target, make }) {
  const cache = join(root, 'node_modules', '.cache', 'fairshare');
  const made = join(cache, `${name}-${fingerprint(root, inputs)}`);
  if (!existsSync(made)) {
    const draft = `${made}.${process.pid}`;
    mkdirSync(draft, { recursive: true });
    await make(draft);
    const earlier = new RegExp(`^${name}-[0-9a-f]+$`);
    for (const folder of readdirSync(cache).filter((file) => earlier.test(file))) {
      rmSync(join(cache, folder), { recursive: true, force: true });
    }
    renameSync(draft, made);
  }
  cpSync(made, target, { recursive: true });
}

function fingerprint(root, inputs) {
  const hash = createHash('sha256');
  for (const file of inputs.flatMap(filesBelow).sort()) {
    hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex').slice(0, 32);
}

function filesBelow(path) {
  return statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => filesBelow(join(path, name))) : [path];
}
