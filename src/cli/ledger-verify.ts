import { formatHead, parseHead, type ChainHead } from '../commissions/ledger/journal-seal.js';
import { VerificationService } from '../commissions/verification.service.js';
import { readOptions, UsageError } from './command-options.js';
import { runCommand } from './run-command.js';
import { textTable } from './text-table.js';

const USAGE = `
Usage: npm run ledger:verify [-- --head 1234:9f86d081…]

Works out every figure of the ledger again, every seal, and every commission from Stripe's facts. Reads only.
  --head  a head that an earlier verification printed: everything up to it must still be the same`;

await runCommand(USAGE, async (app) => {
  const { ok, invariants, head, unsealed, overdue } = await app.get(VerificationService).verify(readNotedHead());
  const rows = invariants.map(({ name, checked, breaches }) => [name, checked.toString(), breaches.length]);
  console.log(textTable(['invariant', 'checked', 'breaches'], rows));
  for (const { name, breaches } of invariants) {
    for (const breach of breaches) console.error(`BREACH: ${name}: ${breach}`);
  }
  console.log(`Head: ${head ? formatHead(head) : 'none yet'}. Entries not sealed yet: ${unsealed}.`);
  if (overdue > 0n) {
    console.error(`WARNING: ${overdue} of them are older than an hour: is the service running? See its log.`);
  }
  console.log(ok ? 'The ledger is sound.' : 'The ledger is NOT sound: do not pay anybody before this is explained.');
  return ok;
});

function readNotedHead(): ChainHead | undefined {
  const { head: text } = readOptions({ head: { type: 'string' } });
  if (text === undefined) return undefined;
  const head = parseHead(text);
  if (!head) throw new UsageError('--head must be a number and a hash, as an earlier verification printed it.');
  return head;
}
