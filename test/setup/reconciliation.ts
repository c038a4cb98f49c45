import {
  ReconciliationService,
  type ReconciliationReport,
} from '../../src/payouts/reconciliation/reconciliation.service.js';
import type { TestApp } from './app.js';
import { eventually } from './eventually.js';

/** Compares the ledger with Stripe now; waits for the nightly one where it happens to be under way. */
export function reconcile(api: TestApp, since: Date | null = null): Promise<ReconciliationReport> {
  return eventually(async () => {
    const report = await api.app.get(ReconciliationService).reconcile(since);
    if (!report) throw new Error('another reconciliation is under way');
    return report;
  });
}

/**
 * How every test ends that sends money: Stripe has exactly the transfers and reversals that the ledger has, and nothing
 * is still on its way. Call it once all events were delivered.
 */
export async function expectReconciled(api: TestApp): Promise<void> {
  const { findings, differenceCount } = await reconcile(api);
  expect(findings).toEqual([]);
  expect(differenceCount).toBe(0);
}
