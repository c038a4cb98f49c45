import type { PayoutRunDto } from '../payouts/payout.dto.js';
import { moneyText } from './money-text.js';
import { textTable } from './text-table.js';

/** What became of a run, for the terminal. */
export function printRun(run: PayoutRunDto): void {
  const { pending, paid, failed, canceled } = run.progress;
  console.log(`Payout run ${run.period}: ${run.status}, cut-off ${run.cutOff}`);
  console.log(`${paid} paid, ${pending} pending, ${failed} failed, ${canceled} canceled`);
  const totals = run.totals.map(({ currency, count, amount }) => [currency, count, moneyText(amount, currency)]);
  console.log(totals.length > 0 ? textTable(['currency', 'payouts', 'sum'], totals) : 'Nobody is paid.');
  if (run.skipped.length > 0) {
    console.log(
      textTable(
        ['skipped because', 'affiliates'],
        run.skipped.map(({ reason, count }) => [reason, count]),
      ),
    );
  }
  if (run.haltedReason !== null) console.error(`Sending is halted: ${run.haltedReason}. See docs/operations.md.`);
  if (run.status === 'awaiting_approval') {
    console.log(
      `The run waits for approval: npm run payouts -- --period ${run.period} --approve --by NAME (or --cancel).`,
    );
  }
  if (run.status === 'waiting_for_funds') {
    console.log('The balance at Stripe does not suffice. The server goes on by itself once it does.');
  }
  if (failed > 0) console.log('Failed payouts go into the next run; --retry-failed makes new ones now.');
}
