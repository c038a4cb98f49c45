import type { ReplayedEvent } from '../stripe/webhooks/event-processor.js';
import { textTable } from './text-table.js';

/**
 * Prints what became of Stripe events, a table for each batch, so that memory stays flat however many there are.
 * @returns whether every event ended as it should: processed, or ignored because it can have no effect.
 */
export async function printEvents(
  batches: AsyncIterable<ReplayedEvent[]>,
  beforeOf: (event: ReplayedEvent) => string = ({ before }) => before,
): Promise<boolean> {
  const counts = new Map<string, number>();
  let allWell = true;
  for await (const batch of batches) {
    const rows = batch.map((event) => [event.id, event.type, beforeOf(event), event.after]);
    console.log(textTable(['event', 'type', 'before', 'after'], rows));
    for (const { id, after, error } of batch) {
      counts.set(after, (counts.get(after) ?? 0) + 1);
      if (error !== null) console.error(`${id}: ${error}`);
      if (error !== null || (after !== 'processed' && after !== 'ignored')) allWell = false;
    }
  }
  const summary = [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
  console.log(summary === '' ? 'No event.' : `Events: ${summary}.`);
  return allWell;
}
