import { JournalSealer } from '../../src/commissions/ledger/journal-sealer.service.js';
import { CommissionQueries } from '../../src/commissions/commission-queries.js';
import { COMMISSION_STATES } from '../../src/commissions/commission.dto.js';
import { VerificationService } from '../../src/commissions/verification.service.js';
import { keepOutcome } from '../../src/payouts/runs/run-outcome.js';
import { describeDifference } from '../../src/rollups/rollup.js';
import { RollupsService } from '../../src/rollups/rollups.service.js';
import type { TestApp } from './app.js';

/** How every test that moves money ends: all is sealed, and all invariants are worked out again from the postings. */
export async function expectSoundLedger(api: TestApp): Promise<void> {
  await api.app.get(JournalSealer).sealAll();
  const { invariants } = await api.app.get(VerificationService).verify();
  expect(invariants.flatMap(({ name, breaches }) => breaches.map((breach) => `${name}: ${breach}`))).toEqual([]);
}

/** What is kept of a run that is over is what is counted of it, whatever happened since; one under way keeps nothing. */
export async function expectKeptOutcomes({ database }: TestApp): Promise<void> {
  for (const { id, status, outcome } of await database.prisma.payoutRun.findMany()) {
    const isOver = status === 'completed' || status === 'canceled';
    expect([status, outcome !== null]).toEqual([status, isOver]);
    if (!isOver) continue;
    await database.transaction((tx) => keepOutcome(tx, id));
    expect((await database.prisma.payoutRun.findUniqueOrThrow({ where: { id } })).outcome).toEqual(outcome);
  }
}

/** All sums that are shown say what is counted anew. Not after a test that writes referrals by itself. */
export async function expectExactRollups({ database }: TestApp): Promise<void> {
  const reports = await new RollupsService(database).compare();
  expect(reports.flatMap(({ shown }) => shown.map(describeDifference))).toEqual([]);
}

/** Each state's list of an affiliate, of the first thirty, holds what has that state in the list of all, and nothing else. */
export async function expectStatesListed(api: TestApp): Promise<void> {
  const queries = api.app.get(CommissionQueries);
  for (const { id: affiliateId } of await api.database.prisma.affiliate.findMany({ take: 30 })) {
    const { data: all } = await queries.list({ affiliateId, limit: 1000 });
    for (const state of COMMISSION_STATES) {
      const { data } = await queries.list({ affiliateId, state, limit: 1000 });
      const expected = all.filter((commission) => commission.state === state).map(({ id }) => id);
      expect([affiliateId, state, data.map(({ id }) => id)]).toEqual([affiliateId, state, expected]);
    }
  }
}
