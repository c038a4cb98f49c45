import { openCommandContext } from '../../src/command-context.js';
import { LedgerVerifier } from '../../src/commissions/ledger/ledger-verifier.js';
import { readConfig } from '../../src/config/config.js';
import { report, timed } from '../harness/worker.js';

/** Verifies the invariants of the ledger, in a process of its own. */
const { app, close } = await openCommandContext(readConfig(process.env));
const verifier = app.get(LedgerVerifier);
const verifyMs = timed(verifier, 'verify');
const { invariants } = await verifier.verify();
report({ verifyMs: verifyMs(), breaches: invariants.reduce((sum, { breaches }) => sum + breaches.length, 0) });
await close();
