import { openCommandContext } from '../../src/command-context.js';
import { JournalSealer } from '../../src/commissions/ledger/journal-sealer.service.js';
import { readConfig } from '../../src/config/config.js';
import { report } from '../harness/worker.js';

/** Seals what was seeded, in a process of its own. */
const { app, close } = await openCommandContext(readConfig(process.env));
report({ sealed: await app.get(JournalSealer).sealAll() });
await close();
