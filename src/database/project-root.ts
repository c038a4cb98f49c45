import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Finds the folder that holds package.json, seen from this file. The same code
 * runs from `src/` (tests) and from `dist/` (production), at different depths,
 * and the working directory may be anywhere, so walking up is the only way
 * that gives the same answer in all of them.
 *
 * @throws Error when no parent folder holds a package.json.
 */
export function findProjectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new Error('No package.json above the running code: prisma/migrations cannot be located.');
    }
    folder = parent;
  }
  return folder;
}
