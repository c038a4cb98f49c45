/** `npm run build`: compiles src/ to dist/; with --if-changed only where the sources are not those of dist/. */
import { build } from './ensure-build.mjs';

process.exit((await build({ always: !process.argv.includes('--if-changed') })) ? 0 : 1);
