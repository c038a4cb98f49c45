import { AccountGateway } from '../../src/affiliates/onboarding/account-gateway.js';
import { openCommandContext } from '../../src/command-context.js';
import { readConfig } from '../../src/config/config.js';
import { PayoutGateway, type TransferIntent } from '../../src/payouts/payout-gateway.js';
import { PayoutQueries } from '../../src/payouts/payout-queries.js';
import { PayoutRunsService } from '../../src/payouts/runs/payout-runs.service.js';
import { CUT_OFF, PERIOD } from '../harness/seed-ledger.js';
import { report } from '../harness/worker.js';

/**
 * Sends a run that is reserved, in a process of its own, to a provider that answers at once: what is measured is the
 * engine, with everything it writes down before and after each transfer, against the rate that it is allowed.
 */
const { app, close } = await openCommandContext(readConfig(process.env));
Object.assign(app.get(PayoutGateway), {
  createTransfer: ({ payoutId }: TransferIntent) => Promise.resolve({ kind: 'sent', transferId: `tr_${payoutId}` }),
  getBalances: () => Promise.resolve([{ currency: 'usd', availableMinor: 10n ** 15n }]),
});
Object.assign(app.get(AccountGateway), {
  getAccount: (accountId: string) =>
    Promise.resolve({
      accountId,
      detailsSubmitted: true,
      payoutsEnabled: true,
      requirements: [],
      disabledReason: null,
    }),
});
const startedMs = performance.now();
const { status } = await app.get(PayoutRunsService).run({ period: PERIOD, cutOff: CUT_OFF, patienceMs: 60_000 });
const sendMs = performance.now() - startedMs;
if (status !== 'completed') throw new Error(`the run is ${status} instead of completed`);
const { progress } = await app.get(PayoutQueries).getRun(PERIOD);
report({ sendMs, paid: progress.paid });
await close();
