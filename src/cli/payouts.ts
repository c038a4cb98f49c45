import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { OPERATOR } from '../audit/audit-log.js';
import { Clock } from '../common/clock.js';
import type { Config } from '../config/config.js';
import { periodOf } from '../config/payout-schedule.js';
import { PayoutQueries } from '../payouts/payout-queries.js';
import { PayoutPreviewService, type PreviewOptions } from '../payouts/preview/payout-preview.service.js';
import { cutOffOf } from '../payouts/runs/payout-period.js';
import { PayoutRetry } from '../payouts/runs/payout-retry.service.js';
import { PayoutRunsService } from '../payouts/runs/payout-runs.service.js';
import { RunDecisions } from '../payouts/runs/run-decisions.service.js';
import { UsageError } from './command-options.js';
import { readArguments, USAGE, type Arguments, type Order } from './payout-arguments.js';
import { previewReport, SHOWN_ROWS } from './payout-preview-report.js';
import { withProgress } from './payout-progress.js';
import { printRun } from './payout-run-report.js';
import { runCommand } from './run-command.js';

/** How long nothing may get on, such as while outcomes are unknown; after it the server goes on with what is left. */
const PATIENCE_MS = 90_000;

await runCommand(USAGE, async (app, config) => {
  const given = readArguments();
  const { period, order } = given;
  const cutOff = cutOffOf(config, period, given.asOf);
  if (given.dryRun) {
    await preview(app.get(PayoutPreviewService), { period, asOf: cutOff }, given.csv);
    return true;
  }
  refuseFuture(app, config, given, cutOff);
  if (order) await obey(app, period, order);
  const queries = app.get(PayoutQueries);
  const { status } = await withProgress(
    app.get(PayoutRunsService).run({ period, cutOff, patienceMs: PATIENCE_MS }),
    () => queries.findProgress(period),
  );
  printRun(await queries.getRun(period));
  return status === 'completed' || status === 'awaiting_approval' || order?.kind === 'cancel';
});

async function obey(app: INestApplicationContext, period: string, order: Order): Promise<void> {
  if (order.kind === 'retry_failed') {
    const act = { staffUserId: OPERATOR, reason: 'npm run payouts -- --retry-failed' };
    console.log(`${await app.get(PayoutRetry).retryFailed(period, act)} payouts are made anew.`);
    return;
  }
  const act = { staffUserId: OPERATOR, reason: order.reason };
  if (order.kind === 'approve') await app.get(RunDecisions).approve(period, act);
  else await app.get(RunDecisions).cancel(period, act);
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
  console.log(previewReport(await previews.digest(options, SHOWN_ROWS)));
  if (csv === undefined) return;
  await pipeline(previews.csv(await previews.plan(options)), createWriteStream(csv));
  console.log(`\nAll of it is in ${csv}.`);
}
