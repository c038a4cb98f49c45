import type { INestApplicationContext } from '@nestjs/common';
import { EventBackfill } from '../stripe/webhooks/event-backfill.js';
import { EventProcessor, type ReplayedEvent } from '../stripe/webhooks/event-processor.js';
import { readOptions, UsageError } from './command-options.js';
import { printEvents } from './event-table.js';
import { momentOption } from './moment-option.js';
import { StripeEventsModule } from '../stripe/stripe-events.module.js';
import { runCommand } from './run-command.js';

const USAGE = `
Usage: npm run stripe:backfill -- --since 2026-12-01

Fetches the events that Stripe has and we have not, processes them, and prints what became of them. The server does
the same by itself, at start and every quarter of an hour. Stripe shows events for thirty days.
  --since  from this day (UTC) or moment on`;

await runCommand(USAGE, async (app) => printEvents(backfill(app, readSince()), () => 'missing'), [StripeEventsModule]);

/** What is stored is due for everybody, so that a server goes on with it should this command be interrupted. */
async function* backfill(app: INestApplicationContext, since: Date): AsyncGenerator<ReplayedEvent[]> {
  for await (const stored of app.get(EventBackfill).fetchSince(since)) {
    if (stored.length > 0) yield await app.get(EventProcessor).replayBatch(stored, null);
  }
}

function readSince(): Date {
  const { since } = readOptions({ since: { type: 'string' } });
  if (since === undefined) throw new UsageError('--since is required.');
  return momentOption('--since', since);
}
