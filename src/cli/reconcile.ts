import { OPERATOR } from '../audit/audit-log.js';
import { formatAmount } from '../common/money.js';
import type { Finding } from '../payouts/reconciliation/compare-payout.js';
import { ReconciliationService, type ReconciliationReport } from '../payouts/reconciliation/reconciliation.service.js';
import { readOptions } from './command-options.js';
import { momentOption } from './moment-option.js';
import { runCommand } from './run-command.js';
import { textTable } from './text-table.js';

const USAGE = `
Usage: npm run reconcile [-- --since 2026-12-01] [--adopt]

Compares every transfer and reversal of our payouts at Stripe with the ledger, and prints each difference.
  --since  only payouts made from this day (UTC) or moment on; all by default
  --adopt  records reversals that only Stripe knows of, as their webhooks would have, and compares again`;

await runCommand(USAGE, async (app) => {
  const { since, adopt } = readGiven();
  const reconciliation = app.get(ReconciliationService);
  let report = await reconciliation.reconcile(since);
  if (report && adopt) {
    print(report);
    const adopted = await reconciliation.adopt(report, {
      staffUserId: OPERATOR,
      reason: 'npm run reconcile -- --adopt',
    });
    console.log(`Recorded what was reversed of: ${adopted.join(', ') || 'nothing'}.`);
    report = await reconciliation.reconcile(since);
  }
  if (!report) {
    console.error('Another reconciliation is under way; its result is kept in the table "reconciliations".');
    return false;
  }
  print(report);
  return report.differenceCount === 0;
});

function readGiven(): { since: Date | null; adopt: boolean } {
  const { since, adopt } = readOptions({ since: { type: 'string' }, adopt: { type: 'boolean', default: false } });
  return { since: since === undefined ? null : momentOption('--since', since), adopt };
}

function print(report: ReconciliationReport): void {
  const { id, sums, findings, transferCount, payoutCount, differenceCount, openCount } = report;
  const rows = sums.map(({ currency, transfers, sentMinor, reversedMinor, paidMinor }) => {
    const leftMinor = sentMinor - reversedMinor;
    const amounts = [sentMinor, reversedMinor, leftMinor, paidMinor, leftMinor - paidMinor];
    return [transfers, ...amounts.map((amount) => money(amount, currency))];
  });
  if (rows.length > 0) {
    console.log(
      textTable(['transfers', 'sent', 'reversed', 'left at Stripe', 'paid by the ledger', 'differs by'], rows),
    );
  }
  console.log(`Reconciliation ${id}: ${transferCount} transfers and ${payoutCount} payouts compared.`);
  for (const finding of findings.filter(({ isOpen }) => isOpen)) console.log(`open: ${sentence(finding)}`);
  for (const finding of findings.filter(({ isOpen }) => !isOpen)) console.error(`DIFFERS: ${sentence(finding)}`);
  const unlisted = differenceCount + openCount - findings.length;
  if (unlisted > 0) console.error(`DIFFERS: ${unlisted} more payouts, which were not looked at one by one`);
  console.log(differenceCount === 0 ? 'The ledger and Stripe agree.' : 'The ledger and Stripe do NOT agree.');
}

function sentence({
  kind,
  payoutId,
  transferId,
  affiliateId,
  currency,
  expectedMinor,
  foundMinor,
  message,
}: Finding): string {
  const ids = [payoutId, transferId, affiliateId].filter((id) => id !== null).join(', ');
  const amounts = `expected ${money(expectedMinor, currency)}, found ${money(foundMinor, currency)}`;
  return `${kind}: ${ids ? `${ids}: ` : ''}${message}: ${amounts}`;
}

function money(amountMinor: bigint, currency: string): string {
  return `${formatAmount(amountMinor, currency)} ${currency.toUpperCase()}`;
}
