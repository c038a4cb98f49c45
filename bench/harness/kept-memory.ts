import type { Readable } from 'node:stream';

/** With it Node tells of every collection of garbage. */
export const TELLING_OF_GARBAGE = '--trace-gc';

/** `… Mark-Compact (reduce) 82.1 (99.0) -> 61.4 (88.7) MB, …`: what was left is kept by somebody. */
const LEFT = /Mark-Compact[^\n]*? -> ([\d.]+) \(/g;

/**
 * The most that a process had in its heap after a full collection, in megabytes: what it really keeps, whereas its peak
 * holds garbage, too, that nobody was in need of collecting. Not a number where nothing was collected.
 *
 * @param output what the process prints, told of by TELLING_OF_GARBAGE.
 */
export function keptMegabytes(output: Readable): () => number {
  let most = Number.NaN;
  let rest = '';
  output.on('data', (chunk: Buffer) => {
    rest += chunk.toString();
    const end = rest.lastIndexOf('\n') + 1;
    for (const [, megabytes] of rest.slice(0, end).matchAll(LEFT)) most = Math.max(Number(megabytes), most || 0);
    rest = rest.slice(end);
  });
  return () => most;
}
