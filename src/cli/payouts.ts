import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { formatAmount } from '../common/money.js';
import type { Config } from '../config/config.js';
import { periodOf } from '../config/payout-schedule.js';
import { cutOffOf } from '../payouts/runs/payout-period.js';
import { PayoutPreviewService, type PreviewOptions } from '../payouts/preview/payout-preview.service.js';
import { PayoutQueries } from '../payouts/payout-queries.js';
import { PayoutRunsService } from '../payouts/runs/payout-runs.service.js';
import { PERIOD, type PayoutRunDto, type RunTotalDto } from '../payouts/payout.dto.js';
import { previewReport } from './payout-preview-report.js';
import { runCommand, UsageError } from './run-command.js';
import { textTable } from './text-table.js';

const USAGE = `
Usage: npm run payouts -- --period 2026-12 [--as-of 2026-12-01T06:00:00Z] [--dry-run [--csv preview.csv]]
                          [--allow-future]

Runs, or resumes, the payouts of a month and prints what became of them.
  --period        the month, once a run exists it keeps its cut-off
  --as-of         the moment to take for now; the planned moment by default
  --dry-run       shows who would get what, who would not and why, and what changed; writes nothing
  --csv           with --dry-run: writes all of it to this file, - for the standard output
  --allow-future  in production: allow a period or moment that has not come yet`;

/** Payouts whose outcome is unknown are tried again for this long; after it the server goes on with them. */
const PATIENCE_MS = 90_000;

interface Arguments {
  period: string;
  asOf: Date | undefined;
  dryRun: boolean;
  csv: string | undefined;
  allowFuture: boolean;
}

await runCommand(USAGE, async (app, config) => {
  const given = readArguments();
  const cutOff = cutOffOf(config, given.period, given.asOf);
  if (given.dryRun) {
    await preview(app.get(PayoutPreviewService), { period: given.period, asOf: cutOff }, given.csv);
    return true;
  }
  refuseFuture(app, config, given, cutOff);
  const { status } = await app.get(PayoutRunsService).run({ period: given.period, cutOff, patienceMs: PATIENCE_MS });
  printRun(await app.get(PayoutQueries).getRun(given.period));
  if (status === 'awaiting_approval') console.log('The run waits for approval (PAYOUT_APPROVAL=manual).');
  return status === 'completed' || status === 'awaiting_approval';
});

function readArguments(): Arguments {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        period: { type: 'string' },
        'as-of': { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        csv: { type: 'string' },
        'allow-future': { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { period, 'as-of': asOfText } = values;
  if (!period || !PERIOD.test(period)) throw new UsageError('--period must be a month such as 2026-12.');
  const asOf = asOfText === undefined ? undefined : new Date(asOfText);
  if (asOf && Number.isNaN(asOf.getTime()))
    throw new UsageError('--as-of must be a moment such as 2026-12-01T06:00:00Z.');
  if (values.csv !== undefined && !values['dry-run']) throw new UsageError('--csv goes with --dry-run.');
  return { period, asOf, dryRun: values['dry-run'], csv: values.csv, allowFuture: values['allow-future'] };
}

function refuseFuture(app: INestApplicationContext, config: Config, given: Arguments, cutOff: Date): void {
  const now = app.get(Clock).now();
  const future = cutOff > now || given.period > periodOf(now, config.payoutTimezone);
  if (config.production && future && !given.allowFuture) {
    throw new UsageError(
      `${given.period} as of ${cutOff.toISOString()} lies in the future: add --allow-future if you mean it.`,
    );
  }
}

/** Prints the preview, and writes all of it to a file; `-` is the standard output, on which nothing else is said then. */
async function preview(
  previews: PayoutPreviewService,
  options: PreviewOptions,
  csv: string | undefined,
): Promise<void> {
  if (csv === '-') return pipeline(previews.csv(await previews.plan(options)), process.stdout, { end: false });
  console.log(previewReport(await previews.preview(options)));
  if (csv === undefined) return;
  await pipeline(previews.csv(await previews.plan(options)), createWriteStream(csv));
  console.log(`\nAll of it is in ${csv}.`);
}

function printRun(run: PayoutRunDto): void {
  console.log(`Payout run ${run.period}: ${run.status}`);
  printTotals(run.totals);
  if (run.skipped.length === 0) return;
  const rows = run.skipped.map(({ reason, count }) => [reason, count]);
  console.log(textTable(['skipped because', 'affiliates'], rows));
}

function printTotals(totals: RunTotalDto[]): void {
  const rows = totals.map(({ currency, count, amount }) => [currency, count, money(amount, currency)]);
  console.log(rows.length > 0 ? textTable(['currency', 'payouts', 'sum'], rows) : 'Nobody is paid.');
}

function money(amountMinor: number, currency: string): string {
  return `${formatAmount(BigInt(amountMinor), currency)} ${currency.toUpperCase()}`;
}
