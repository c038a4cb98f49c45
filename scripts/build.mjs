/** `npm run build`: compiles src/ to dist/, whether or not it has changed. */
import { build } from './ensure-build.mjs';

process.exit((await build({ always: true })) ? 0 : 1);
