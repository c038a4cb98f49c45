import type { TestApp } from '../setup/app.js';
import { hostStripe } from '../setup/host.js';
import { expectSoundLedger } from '../setup/ledger.js';
import { runCommandProcess } from '../setup/processes.js';
import { expectReconciled } from '../setup/reconciliation.js';
import { owedTo, type Person } from './population.js';

/** Why a run passes somebody over, by how they stand. */
const EXPECTED_REASONS = {
  poor: ['below_minimum'],
  suspended: ['suspended'],
  under_review: ['under_review'],
  not_onboarded: ['not_onboarded'],
  restricted: ['account_restricted', 'insufficient_capabilities_for_transfer'],
  // Only what Stripe itself refuses for good.
  well: ['account_invalid'],
} as const;

/**
 * After a run that was interrupted: each payout has exactly one transfer, what an affiliate got is what they had earned
 * to the cent, and whoever got nothing is listed with the reason. What was earned is known from the population alone.
 * Then the ledger proves itself, and is compared with Stripe.
 */
export async function expectEverybodyPaidOnce(api: TestApp, people: Person[], period: string): Promise<void> {
  const { prisma } = api.database;
  const transfers = await hostStripe(api).transfers.list({ limit: 100 }).autoPagingToArray({ limit: 10_000 });
  const payouts = await prisma.payout.findMany({ where: { run: { period } } });
  const skips = await prisma.payoutSkip.findMany({ where: { run: { period } } });
  const balances = await prisma.balance.findMany();

  const paid = payouts.filter(({ status }) => status === 'paid');
  const nameOf = (group: string | null, id: string | null, amount: number | bigint, currency: string): string =>
    `${group} ${id} ${amount} ${currency}`;
  expect(transfers.map((t) => nameOf(t.transfer_group, t.id, t.amount, t.currency)).sort()).toEqual(
    paid.map((p) => nameOf(p.id, p.stripeTransferId, p.amountMinor, p.currency)).sort(),
  );

  const told: string[] = [];
  const expected: string[] = [];
  for (const person of people) {
    for (const { currency } of person.earnings) {
      const { affiliateId, accountId, standing } = person;
      const isTheirs = (row: { affiliateId: string; currency: string }): boolean =>
        row.affiliateId === affiliateId && row.currency === currency;
      const owed = owedTo(person, currency);
      const received = transfers
        .filter((transfer) => transfer.destination === accountId && transfer.currency === currency)
        .reduce((sum, { amount }) => sum + BigInt(amount), 0n);
      const reasons = [
        ...skips.filter(isTheirs).map(({ reason }) => reason),
        ...payouts.filter((p) => isTheirs(p) && p.status === 'failed').map(({ failureCode }) => failureCode),
      ];
      const balance = balances.find(isTheirs);
      const listed = reasons.some((reason) => EXPECTED_REASONS[standing].some((known) => known === reason));
      const outcome = received > 0n ? 'paid' : listed ? 'listed' : `forgotten (${reasons.join()})`;
      const name = `${affiliateId} ${standing} ${currency}`;
      told.push(
        `${name}: ${outcome} ${received}, payable ${balance?.payableMinor}, in payout ${balance?.inPayoutMinor}, paid out ${balance?.paidOutMinor}`,
      );
      const isPaid = standing === 'well' && !listed;
      expected.push(
        isPaid
          ? `${name}: paid ${owed}, payable 0, in payout 0, paid out ${owed}`
          : `${name}: listed 0, payable ${owed}, in payout 0, paid out 0`,
      );
    }
  }
  expect(told).toEqual(expected);

  await expectSoundLedger(api);
  // Stripe is asked without bad luck in between.
  api.stripe.faults.clear();
  await expectReconciled(api);
}

/** The same by the commands that staff have in the morning. */
export async function expectCommandsToAgree(env: NodeJS.ProcessEnv): Promise<void> {
  const commands = ['ledger-verify', 'reconcile'];
  const [verified, reconciled] = await Promise.all(commands.map((command) => runCommandProcess(command, [], env)));
  expect(verified).toMatchObject({ exitCode: 0, output: expect.stringContaining('The ledger is sound.') as string });
  expect(reconciled).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining('The ledger and Stripe agree.') as string,
  });
}
