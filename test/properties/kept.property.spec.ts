import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { History } from './history.js';
import { inBatches, onStage } from './runner.js';

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
  }, 400_000);
});
