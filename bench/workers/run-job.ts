import type { INestApplicationContext } from '@nestjs/common';
import { openCommandContext } from '../../src/command-context.js';
import { LedgerVerifier } from '../../src/commissions/ledger/ledger-verifier.js';
import { SettlementAudit } from '../../src/commissions/settlement/settlement-audit.js';
import { Clock } from '../../src/common/clock.js';
import { readConfig } from '../../src/config/config.js';
import { Database } from '../../src/database/database.js';
import { EventRetention } from '../../src/events/event-retention.js';
import { FraudEvaluation } from '../../src/fraud/fraud-evaluation.service.js';
import { DataGenerator } from '../../src/generate/data-generator.js';
import { GenerateModule } from '../../src/generate/generate.module.js';
import { ReconciliationService } from '../../src/payouts/reconciliation/reconciliation.service.js';
import { PayoutPreviewService } from '../../src/payouts/preview/payout-preview.service.js';
import { ClickRetention } from '../../src/rollups/click-retention.js';
import { NightlyComparison } from '../../src/rollups/nightly-comparison.js';
import { RollupSchedulerModule } from '../../src/rollups/rollup-scheduler.module.js';
import { RollupsService } from '../../src/rollups/rollups.service.js';
import { report } from '../harness/worker.js';

/** What events are kept for, and a day to spare. */
const EVENTS_EXPIRED_MS = 91 * 24 * 60 * 60 * 1000;

/** Each does its work and says how much it looked at. */
const JOBS: Record<string, (app: INestApplicationContext) => Promise<number>> = {
  generate: async (app) => {
    const { sales } = await app.get(DataGenerator).generate(
      {
        affiliates: Number(process.argv[3]),
        months: 12,
        salesPerAffiliate: 100,
        clicksPerAffiliate: Number(process.argv[4]),
        currencies: [
          { weight: 80, value: 'usd' },
          { weight: 15, value: 'eur' },
          { weight: 4, value: 'gbp' },
          { weight: 1, value: 'jpy' },
        ],
        seed: 1,
      },
      { anyway: false, onProgress: () => undefined },
    );
    return sales;
  },
  verify: async (app) => {
    const { ok, invariants } = await app.get(LedgerVerifier).verify();
    if (!ok) throw new Error('the ledger is not sound');
    return Number(invariants.find(({ name }) => name === 'every balance equals its postings')?.checked);
  },
  replay: async (app) => {
    const { checked, breaches } = await app.get(SettlementAudit).audit();
    if (breaches.length > 0) throw new Error(breaches.join('\n'));
    return Number(checked);
  },
  reconcile: async (app) => {
    const found = await app.get(ReconciliationService).reconcile();
    if (found?.differenceCount !== 0) throw new Error(JSON.stringify(found?.findings.slice(0, 3), asText));
    return found.transferCount;
  },
  compare: async (app) => {
    await app.get(NightlyComparison).tick();
    const check = await app.get(Database).prisma.rollupCheck.findFirstOrThrow({ orderBy: { id: 'desc' } });
    if (!check.isExact) throw new Error(JSON.stringify(check.differences));
    return app.get(Database).prisma.clickDay.count();
  },
  rebuild: async (app) => {
    const reports = await app.get(RollupsService).rebuild();
    if (reports?.some(({ differences }) => differences > 0) !== false) throw new Error(JSON.stringify(reports, asText));
    return app.get(Database).prisma.click.count();
  },
  fraud: async (app) => {
    await app.get(FraudEvaluation).evaluateAll();
    return app.get(Database).prisma.affiliate.count();
  },
  preview: async (app) => {
    const { paid, skipped } = await app.get(PayoutPreviewService).digest({}, 20);
    return paid.count + skipped.count;
  },
  'click-retention': async (app) => {
    const { click } = app.get(Database).prisma;
    const before = await click.count();
    await app.get(ClickRetention).tick();
    const left = before - (await click.count());
    if (left === 0) throw new Error('no clicks have left');
    return left;
  },
  'event-retention': async (app) => {
    const { domainEvent } = app.get(Database).prisma;
    const before = await domainEvent.count();
    const clock = app.get(Clock);
    const now = clock.now.bind(clock);
    Object.assign(clock, { now: () => new Date(now().getTime() + EVENTS_EXPIRED_MS) });
    await app.get(EventRetention).deleteExpired();
    if ((await domainEvent.count()) > 0) throw new Error('not all events were deleted');
    return before;
  },
};

function asText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** One job on all that there is, in a process of its own. */
const job = JOBS[process.argv[2] ?? ''];
if (!job) throw new Error(`there is no job ${process.argv[2]}`);
const { app, close } = await openCommandContext(readConfig(process.env), [GenerateModule, RollupSchedulerModule]);
const [startedMs, startedCpu] = [performance.now(), process.cpuUsage()];
const count = await job(app);
const { user, system } = process.cpuUsage(startedCpu);
report({ count, ms: performance.now() - startedMs, nodeSeconds: (user + system) / 1e6 });
await close();
