import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { history, type History } from './history.js';
import { Stage } from './runner.js';

/** How many histories; each is told in four orders. */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 16);
const SEED = Number(process.env['PROPERTY_SEED'] ?? 20261122);
/** Histories told side by side. */
const BATCH = 16;
const SHRINKING_MS_MAX = 2 * 60_000;

/**
 * Counterexamples, of the product or of a mutant of it that chance finds too seldom. The histories themselves are
 * replayed, so that they outlive changes of the generator.
 */
const kept = JSON.parse(readFileSync(join(import.meta.dirname, 'seeds.json'), 'utf8')) as { history: History }[];

describe('any history, told in any order and more than once', () => {
  it('that once came out wrong, or that only one order or one second decides, comes out right', async () => {
    await onStage((stage) =>
      inBatches(
        kept.map((one) => one.history),
        (batch) => stage.tell(batch),
      ),
    );
  }, 120_000);

  it(
    `ends in the same ledger, which agrees with the model at every step (${RUNS} histories from seed ${SEED})`,
    async () => {
      const told = fc.sample(history, { seed: SEED, numRuns: RUNS });
      let from = 0;
      await onStage((stage) =>
        inBatches(told, async (batch) => {
          await stage.tell(batch).catch((error: unknown) => explain(error, batch, from));
          from += batch.length;
        }),
      );
    },
    2 * SHRINKING_MS_MAX + RUNS * 5_000,
  );
});

async function inBatches(told: History[], tell: (batch: History[]) => Promise<void>): Promise<void> {
  for (let from = 0; from < told.length; from += BATCH) await tell(told.slice(from, from + BATCH));
}

async function onStage(act: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = await Stage.open();
  try {
    await act(stage);
  } finally {
    await stage.close();
  }
}

/** Finds the history of the batch that fails alone, and the smallest one like it. Always throws. */
async function explain(error: unknown, batch: History[], from: number): Promise<never> {
  const alone = new LonelyStage();
  try {
    for (const index of batch.keys()) await shrink(String(from + index), alone);
  } finally {
    await alone.close();
  }
  throw error;
}

/** @throws Error that tells the smallest history found, when the one at this path of the seed fails. */
async function shrink(path: string, alone: LonelyStage): Promise<void> {
  const found = await fc.check(
    fc.asyncProperty(history, (told) => alone.tell(told)),
    { seed: SEED, path, numRuns: 1, interruptAfterTimeLimit: SHRINKING_MS_MAX },
  );
  if (!found.failed || found.counterexample === null) return;
  const [smallest] = found.counterexample;
  const { counterexamplePath, numShrinks, errorInstance: cause } = found;
  const keep = JSON.stringify({ seed: SEED, path: counterexamplePath, history: smallest });
  throw new Error(
    `Seed ${SEED}, path ${counterexamplePath}, after ${numShrinks} steps of shrinking:\n\n` +
      `${cause instanceof Error ? cause.message : String(cause)}\n\nTo keep it in seeds.json: ${keep}`,
    { cause },
  );
}

/** Tells one history at a time, on a new stage after one that failed, which may have left a ledger that is unsound. */
class LonelyStage {
  private stage: Stage | undefined;

  async tell(told: History): Promise<void> {
    this.stage ??= await Stage.open();
    try {
      await this.stage.tell([told]);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.stage?.close();
    this.stage = undefined;
  }
}
