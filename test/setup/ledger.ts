import { JournalSealer } from '../../src/commissions/ledger/journal-sealer.service.js';
import { VerificationService } from '../../src/commissions/verification.service.js';
import type { TestApp } from './app.js';

/** How every test that moves money ends: all is sealed, and all invariants are worked out again from the postings. */
export async function expectSoundLedger(api: TestApp): Promise<void> {
  await api.app.get(JournalSealer).sealAll();
  const { invariants } = await api.app.get(VerificationService).verify();
  expect(invariants.flatMap(({ name, breaches }) => breaches.map((breach) => `${name}: ${breach}`))).toEqual([]);
}
