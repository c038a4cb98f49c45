/**
 * Loaded into a server by `--import`: on SIGUSR2 it collects all garbage and appends what is left to the file that
 * MEMORY_PROBE_FILE names, a JSON object per line. What is not collected yet tells of V8's leisure, not of what is held.
 */
import { appendFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
setFlagsFromString('--no-expose-gc');

process.on('SIGUSR2', () => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  appendFileSync(process.env.MEMORY_PROBE_FILE, `${JSON.stringify({ heapUsed, external })}\n`);
});
