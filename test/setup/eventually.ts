import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 20;

/** Runs an assertion until it holds; after `withinMs` its own failure is the test's. For what happens in the background. */
export async function eventually<T>(assertion: () => Promise<T>, withinMs = 120_000): Promise<T> {
  const giveUpAtMs = performance.now() + withinMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() >= giveUpAtMs) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
