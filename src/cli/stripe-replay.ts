import type { INestApplicationContext } from '@nestjs/common';
import { OPERATOR } from '../audit/audit-log.js';
import { EventReplay, type ReplaySelection } from '../stripe/webhooks/event-replay.js';
import { readOptions, UsageError } from './command-options.js';
import { printEvents } from './event-table.js';
import { momentOption } from './moment-option.js';
import { StripeEventsModule } from '../stripe/stripe-events.module.js';
import { runCommand } from './run-command.js';

const USAGE = `
Usage: npm run stripe:replay -- --event evt_… | --failed | --since 2026-12-01

Processes stored Stripe events again and prints what became of them. Changes nothing where nothing changed.
  --event   this one
  --failed  all that failed or were parked
  --since   all that were received from this day (UTC) or moment on`;

await runCommand(USAGE, replay, [StripeEventsModule]);

async function replay(app: INestApplicationContext): Promise<boolean> {
  const selection = readSelection();
  const act = { staffUserId: OPERATOR, reason: 'npm run stripe:replay' };
  return printEvents(app.get(EventReplay).replay(selection, act));
}

function readSelection(): ReplaySelection {
  const { event, failed, since } = readOptions({
    event: { type: 'string' },
    failed: { type: 'boolean' },
    since: { type: 'string' },
  });
  const selections: ReplaySelection[] = [
    ...(event !== undefined ? [{ eventId: event }] : []),
    ...(failed ? [{ failed: true } as const] : []),
    ...(since !== undefined ? [{ since: momentOption('--since', since) }] : []),
  ];
  const [selection, ...others] = selections;
  if (!selection || others.length > 0) throw new UsageError('Give exactly one of --event, --failed and --since.');
  return selection;
}
