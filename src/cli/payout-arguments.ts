import { PERIOD } from '../payouts/runs/payout-period.js';
import { readOptions, UsageError } from './command-options.js';
import { momentOption } from './moment-option.js';

export const USAGE = `
Usage: npm run payouts -- --period 2026-12 [--as-of 2026-12-01T06:00:00Z] [--dry-run [--csv preview.csv]]
                          [--allow-future]
       npm run payouts -- --period 2026-12 --retry-failed
       npm run payouts -- --period 2026-12 --approve|--cancel --by NAME [--reason TEXT]

Runs, or resumes, the payouts of a month and prints what became of them.
  --period        the month, once a run exists it keeps its cut-off
  --as-of         the moment to take for now; the planned moment by default
  --dry-run       shows who would get what, who would not and why, and what changed; writes nothing
  --csv           with --dry-run: writes all of it to this file, - for the standard output
  --allow-future  in production: allow a period or moment that has not come yet
  --retry-failed  makes new payouts for those of the month that failed or were canceled, where they can be paid now
  --approve       lets a run that waits for approval (PAYOUT_APPROVAL=manual) be sent
  --cancel        ends a run that waits for approval or funds: what was not sent goes into the next run
  --by, --reason  who decides and why, kept with the run and in the audit log; a cancelling needs a reason`;

/** What else than running the month is asked for. */
export type Order =
  | { kind: 'retry_failed' }
  /** Who is at the command line is only known by what they say, so their name is part of the reason. */
  | { kind: 'approve' | 'cancel'; reason: string };

export interface Arguments {
  period: string;
  asOf: Date | undefined;
  dryRun: boolean;
  csv: string | undefined;
  allowFuture: boolean;
  order: Order | null;
}

/** @throws UsageError. */
export function readArguments(): Arguments {
  const values = parse();
  const { period, 'as-of': asOfText, 'dry-run': dryRun, csv } = values;
  if (!period || !PERIOD.test(period)) throw new UsageError('--period must be a month such as 2026-12.');
  const asOf = asOfText === undefined ? undefined : momentOption('--as-of', asOfText);
  if (csv !== undefined && !dryRun) throw new UsageError('--csv goes with --dry-run.');
  const order = readOrder(values);
  if (order && dryRun) throw new UsageError('--dry-run goes with no other order.');
  return { period, asOf, dryRun, csv, allowFuture: values['allow-future'], order };
}

function parse() {
  return readOptions({
    period: { type: 'string' },
    'as-of': { type: 'string' },
    'dry-run': { type: 'boolean', default: false },
    csv: { type: 'string' },
    'allow-future': { type: 'boolean', default: false },
    'retry-failed': { type: 'boolean', default: false },
    approve: { type: 'boolean', default: false },
    cancel: { type: 'boolean', default: false },
    by: { type: 'string' },
    reason: { type: 'string' },
  });
}

function readOrder(values: ReturnType<typeof parse>): Order | null {
  const { approve, cancel, 'retry-failed': retryFailed, by, reason } = values;
  if ([approve, cancel, retryFailed].filter(Boolean).length > 1)
    throw new UsageError('Only one of --approve, --cancel and --retry-failed at a time.');
  if (retryFailed) return { kind: 'retry_failed' };
  if (!approve && !cancel) return null;
  if (!by) throw new UsageError('--by must name who decides.');
  if (cancel && !reason) throw new UsageError('--cancel needs a --reason.');
  return { kind: approve ? 'approve' : 'cancel', reason: reason ? `${reason} (by ${by})` : `by ${by}` };
}
