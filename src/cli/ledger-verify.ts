import { LedgerVerifier } from '../commissions/ledger/ledger-verifier.js';
import { runCommand } from './run-command.js';
import { textTable } from './text-table.js';

await runCommand('Usage: npm run ledger:verify', async (app) => {
  const { ok, invariants } = await app.get(LedgerVerifier).verify();
  const rows = invariants.map(({ name, checked, breaches }) => [name, checked.toString(), breaches.length]);
  console.log(textTable(['invariant', 'checked', 'breaches'], rows));
  for (const { name, breaches } of invariants) {
    for (const breach of breaches) console.error(`BREACH: ${name}: ${breach}`);
  }
  console.log(ok ? 'The ledger is sound.' : 'The ledger is NOT sound: do not pay anybody before this is explained.');
  return ok;
});
