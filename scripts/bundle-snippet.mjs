/** Makes what browsers get as `/fairshare.js` out of src/snippet/browser: one function, minified. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

const SOURCE = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src', 'snippet', 'browser', 'fairshare.ts');
/** What browsers have understood since 2020. */
const TARGET = 'es2020';

export function bundleSnippet(folder) {
  const { code } = transformSync(readFileSync(SOURCE, 'utf8'), {
    filename: SOURCE,
    configFile: false,
    swcrc: false,
    jsc: { target: TARGET, parser: { syntax: 'typescript' } },
  });
  const { code: minified } = transformSync(`(() => {\n${code}\n})();`, {
    configFile: false,
    swcrc: false,
    isModule: false,
    minify: true,
    jsc: {
      target: TARGET,
      minify: { compress: { passes: 3, unsafe_arrows: true }, mangle: true, format: { comments: false } },
    },
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'fairshare.js'), minified);
}
