import { openCommandContext } from '../../src/command-context.js';
import { HoldsService } from '../../src/commissions/holds.service.js';
import { readConfig } from '../../src/config/config.js';
import { PayoutGateway } from '../../src/payouts/payout-gateway.js';
import { PayoutReservation } from '../../src/payouts/runs/payout-reservation.js';
import { PayoutRunsService } from '../../src/payouts/runs/payout-runs.service.js';
import { CUT_OFF, PERIOD } from '../harness/seed-ledger.js';
import { report, timed } from '../harness/worker.js';

/**
 * Prepares a run as `npm run payouts` does with PAYOUT_APPROVAL=manual, which ends it after reserving, in a process of
 * its own, so that its memory is that of such a command. The provider answers at once which currencies there are.
 */
const { app, close } = await openCommandContext(readConfig(process.env));
Object.assign(app.get(PayoutGateway), {
  getBalances: () => Promise.resolve([{ currency: 'usd', availableMinor: 10n ** 15n }]),
});
const releaseMs = timed(app.get(HoldsService), 'releaseDue');
const reserveMs = timed(app.get(PayoutReservation), 'reserveAll');
const { status } = await app.get(PayoutRunsService).run({ period: PERIOD, cutOff: CUT_OFF });
if (status !== 'awaiting_approval') throw new Error(`the run is ${status} instead of reserved`);
report({ releaseMs: releaseMs(), reserveMs: reserveMs() });
await close();
