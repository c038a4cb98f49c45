import { readFileSync } from 'node:fs';

/** What a worker process tells: figures of its own, and the most memory it ever held. */
export type WorkerReport<T> = T & { peakMegabytes: number };

/** Ends a worker's work: the figures go to whoever started it (see measured-process.ts). */
export function report(figures: Record<string, number>): void {
  process.send?.({ ...figures, peakMegabytes: peakMegabytes() });
}

/** Watches a method of a service for how long its calls take. @returns a function that tells the sum in milliseconds. */
export function timed<Name extends string>(
  service: Record<Name, (...args: never[]) => Promise<unknown>>,
  method: Name,
): () => number {
  const original = service[method].bind(service) as (...args: unknown[]) => Promise<unknown>;
  let milliseconds = 0;
  const watched = async (...args: unknown[]): Promise<unknown> => {
    const startedMs = performance.now();
    try {
      return await original(...args);
    } finally {
      milliseconds += performance.now() - startedMs;
    }
  };
  Object.assign(service, { [method]: watched });
  return () => milliseconds;
}

/** The peak of the resident set, as the kernel counted it; where there is no /proc, what the process holds now. */
function peakMegabytes(): number {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return Number(kilobytes) / 1024;
  } catch {
    return process.memoryUsage().rss / 1024 / 1024;
  }
}
