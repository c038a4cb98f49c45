import fc from 'fast-check';
import { history, type History } from './history.js';
import { inBatches, onStage, Stage } from './runner.js';

/** How many histories; each is told in four orders. */
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 16);
const SEED = Number(process.env['PROPERTY_SEED'] ?? 20261122);
const SHRINKING_MS_MAX = 2 * 60_000;

describe('any history, told in any order and more than once', () => {
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
    2 * SHRINKING_MS_MAX + RUNS * 20_000,
  );
});

/** Finds the history of the batch that fails alone, and the smallest one like it. Always throws; says what failed first. */
async function explain(error: unknown, batch: History[], from: number): Promise<never> {
  const alone = new LonelyStage();
  try {
    for (const index of batch.keys()) await shrink(String(from + index), alone);
  } catch (smaller) {
    throw new Error(`${String(smaller)}\n\nWhat the batch failed with: ${String(error)}`, { cause: smaller });
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
