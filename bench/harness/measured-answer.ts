import { startContestant, withProcessorTime, type ProcessorTime } from './contestant.js';
import { hostToken, JWT_SECRET } from './host-token.js';
import type { BenchDatabase } from './bench-server.js';
import { peakMegabytesOf } from './processor-time.js';

export interface MeasuredAnswer extends ProcessorTime {
  /** What `countIn` found in the answer. */
  count: number;
  ms: number;
  peakMegabytes: number;
  keptMegabytes: number;
}

/** Asks a server that was started for this alone, so that its peak is that answer's, and reads the answer to its end. */
export async function measureAnswer(
  database: BenchDatabase,
  ask: (url: string) => Promise<Response>,
  {
    countIn = linesOf,
    env = {},
  }: { countIn?: (answer: Response) => Promise<number>; env?: Record<string, string> } = {},
): Promise<MeasuredAnswer> {
  const server = await startContestant('workers/serve.js', database, { JWT_SECRET, ...env }, true);
  try {
    const done = await withProcessorTime(server.pid, database.admin, async () => {
      const startedMs = performance.now();
      const count = await countIn(await ask(`http://127.0.0.1:${server.port}`));
      return { count, ms: performance.now() - startedMs };
    });
    return { ...done, peakMegabytes: peakMegabytesOf(server.pid), keptMegabytes: server.keptMegabytes() };
  } finally {
    await server.stop();
  }
}

/** What a host's requests are sent with. */
export function asHost(): Record<string, string> {
  return { authorization: `Bearer ${hostToken()}` };
}

/** The rows of a file. @throws Error when it is none, or ends before its end. */
export async function linesOf(answer: Response): Promise<number> {
  if (answer.status !== 200 || !answer.body) throw new Error(`${answer.url} answered ${answer.status}`);
  let lines = -1;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  return lines;
}
