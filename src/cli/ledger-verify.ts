import Table from 'cli-table3';
import { LedgerVerifier } from '../commissions/ledger/ledger-verifier.js';
import { runCommand } from './run-command.js';

await runCommand('Usage: npm run ledger:verify', async (app) => {
  const { ok, invariants } = await app.get(LedgerVerifier).verify();
  const table = new Table({ head: ['invariant', 'checked', 'breaches'], colAligns: ['left', 'right', 'right'], style: { compact: true } });
  for (const { name, checked, breaches } of invariants) table.push([name, checked.toString(), breaches.length]);
  console.log(table.toString());
  for (const { name, breaches } of invariants) {
    for (const breach of breaches) console.error(`BREACH: ${name}: ${breach}`);
  }
  console.log(ok ? 'The ledger is sound.' : 'The ledger is NOT sound: do not pay anybody before this is explained.');
  return ok;
});
