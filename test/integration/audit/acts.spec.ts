import { AffiliateApproval } from '../../../src/affiliates/affiliate-approval.service.js';
import { PlansService } from '../../../src/affiliates/plans/plans.service.js';
import { AdjustmentsService } from '../../../src/commissions/adjustments.service.js';
import { PayoutRetry } from '../../../src/payouts/runs/payout-retry.service.js';
import { RunDecisions } from '../../../src/payouts/runs/run-decisions.service.js';
import type { StaffAct } from '../../../src/staff/staff-act.js';
import { EventProcessor } from '../../../src/stripe/webhooks/event-processor.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import {
  affiliateOwed,
  earn,
  failTransfers,
  onlyPayout,
  payoutsOf,
  runOf,
  runPeriod,
  transfersOf,
} from '../../setup/payday.js';
import { processEnv, runCommandProcess } from '../../setup/processes.js';

const ANN: StaffAct = { staffUserId: 'stf_ann', reason: ' Looked at it. ' };
const BOB: StaffAct = { staffUserId: 'stf_bob', reason: 'Looked at it too.' };
const BY_ANN = { actorId: 'stf_ann', reason: 'Looked at it.' };

let api: TestApp;

const start = async (env: Record<string, string> = {}): Promise<void> => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z', env });
};
afterEach(async () => {
  // Every record that a test left is sealed in the chain of the journal, and is as it was written.
  await expectSoundLedger(api);
  await api.close();
});

/** The whole log, oldest first. */
const log = async () => {
  const records = await api.database.prisma.auditLog.findMany({ orderBy: { id: 'asc' } });
  return records.map(({ actorId, action, subjectType, subjectId, before, after, reason }) => {
    return { actorId, action, subject: `${subjectType} ${subjectId}`, before, after, reason };
  });
};
const newAffiliate = async (userId: string, status: string): Promise<string> =>
  (await api.request<{ id: string }>('POST', '/v1/affiliates', { body: { userId, name: userId, status } })).body.id;
const statusOf = async (id: string) =>
  (await api.database.prisma.affiliate.findUniqueOrThrow({ where: { id } })).status;
const adjust = (affiliateId: string, amountMinor: bigint, { staffUserId, reason }: StaffAct): Promise<boolean> =>
  api.database.transaction((tx) =>
    api.app.get(AdjustmentsService).adjust(tx, {
      ...{ adjustmentId: `${affiliateId}:${amountMinor}`, affiliateId, currency: 'usd', amountMinor },
      ...{ staffUserId, reason },
    }),
  );

describe('approving and suspending affiliates', () => {
  beforeEach(() => start());
  const approval = (): AffiliateApproval => api.app.get(AffiliateApproval);
  const approve = (ids: string[], act = ANN) => api.database.transaction((tx) => approval().approve(tx, ids, act));
  const suspend = (ids: string[], act = ANN) => api.database.transaction((tx) => approval().suspend(tx, ids, act));

  it('many at once changes those it concerns, and writes a record for each of them', async () => {
    const pending = await newAffiliate('pending', 'pending');
    const active = await newAffiliate('active', 'active');
    expect(await approve([active, pending, pending])).toEqual([pending]);
    expect((await suspend([pending, active])).sort()).toEqual([pending, active].sort());
    expect(await approve([active], BOB)).toEqual([active]);
    expect([await statusOf(pending), await statusOf(active)]).toEqual(['suspended', 'active']);
    const suspended = (id: string) => ({
      ...BY_ANN,
      action: 'affiliate.suspended',
      subject: `affiliate ${id}`,
      before: { status: 'active' },
      after: { status: 'suspended' },
    });
    const approved = { action: 'affiliate.approved', after: { status: 'active' } };
    expect(await log()).toEqual([
      { ...BY_ANN, ...approved, subject: `affiliate ${pending}`, before: { status: 'pending' } },
      suspended(pending),
      suspended(active),
      {
        ...{ actorId: 'stf_bob', reason: 'Looked at it too.' },
        ...{ ...approved, subject: `affiliate ${active}`, before: { status: 'suspended' } },
      },
    ]);
  });

  it('is all or nothing, and leaves no record of what did not happen', async () => {
    const active = await newAffiliate('active', 'active');
    const pending = await newAffiliate('pending', 'pending');
    await expect(suspend([active, pending])).rejects.toMatchObject({
      code: 'status_transition_invalid',
      details: { affiliateId: pending },
    });
    await expect(suspend([active, 'aff_unknown'])).rejects.toMatchObject({ code: 'affiliate_not_found' });
    await expect(suspend([active], { ...ANN, reason: '' })).rejects.toMatchObject({ code: 'reason_length' });
    expect(await statusOf(active)).toBe('active');
    expect(await log()).toEqual([]);
  });

  it('by two at the same moment, in crossing orders, is done and recorded once', async () => {
    const ids = [await newAffiliate('one', 'active'), await newAffiliate('two', 'active')];
    const changed = await Promise.all([suspend(ids), suspend([...ids].reverse(), BOB)]);
    expect(changed.flat().sort()).toEqual([...ids].sort());
    expect(await log()).toHaveLength(2);
  });
});

it('A new plan version by staff is recorded with the terms before and after', async () => {
  await start();
  const terms = { rateBps: 3000, durationMonths: 12, holdDays: 30 };
  const plan = await api.database.transaction((tx) =>
    api.app.get(PlansService).createVersionByStaff(tx, 'pln_default', terms, ANN),
  );
  expect(plan).toMatchObject({ version: 2, ...terms });
  expect(await log()).toEqual([
    {
      ...BY_ANN,
      action: 'plan.version_created',
      subject: 'plan pln_default',
      before: { planVersionId: 'plv_default', version: 1, rateBps: 2000, durationMonths: null, holdDays: 0 },
      after: { planVersionId: plan.planVersionId, version: 2, ...terms },
    },
  ]);
});

it('An adjustment is recorded once, with the balance before and after', async () => {
  await start();
  const id = await affiliateOwed(api, 'adjusted', 3000);
  expect(await adjust(id, -500n, ANN)).toBe(true);
  expect(await adjust(id, -500n, ANN)).toBe(false);
  expect(await log()).toEqual([
    {
      ...BY_ANN,
      action: 'balance.adjusted',
      subject: `affiliate ${id}`,
      before: { currency: 'usd', payableMinor: '3000' },
      after: { currency: 'usd', payableMinor: '2500', amountMinor: '-500', adjustmentId: `${id}:-500` },
    },
  ]);
});

describe('approving a run', () => {
  beforeEach(() => start({ PAYOUT_APPROVAL: 'manual' }));
  const decisions = (): RunDecisions => api.app.get(RunDecisions);
  const decision = { subject: expect.stringMatching(/^payout_run run_/) as string };

  it('that pays their own adjustment takes somebody else, and both acts are on record', async () => {
    const id = await affiliateOwed(api, 'given', 3000);
    await affiliateOwed(api, 'other', 4000);
    await adjust(id, 700n, ANN);
    await runPeriod(api, '2026-12');
    await expect(decisions().approve('2026-12', ANN)).rejects.toMatchObject({
      kind: 'rule',
      code: 'second_approver_needed',
      details: { period: '2026-12', staffUserId: 'stf_ann', affiliateIds: [id] },
    });
    await runPeriod(api, '2026-12');
    expect(await transfersOf(api)).toEqual([]);
    await decisions().approve('2026-12', BOB);
    await runPeriod(api, '2026-12');
    expect(await onlyPayout(api, id)).toMatchObject({ status: 'paid', amount: 3700 });
    expect((await log()).map(({ actorId, action }) => [actorId, action])).toEqual([
      ['stf_ann', 'balance.adjusted'],
      ['stf_bob', 'payout_run.approved'],
    ]);
    expect((await log()).at(-1)).toMatchObject({
      ...decision,
      before: { period: '2026-12', status: 'awaiting_approval' },
      after: { period: '2026-12', status: 'sending' },
    });
  });

  it('may be theirs when it pays nothing that they adjusted: too little, too late, or paid before', async () => {
    const id = await affiliateOwed(api, 'given', 3000);
    const poor = await affiliateOwed(api, 'poor', 100);
    await adjust(id, 700n, ANN);
    await adjust(poor, 5n, ANN);
    await runPeriod(api, '2026-12');
    await decisions().approve('2026-12', BOB);
    await runPeriod(api, '2026-12');
    api.clock.set('2026-12-20T12:00:00Z');
    await earn(api, 'given', 5000);
    await runPeriod(api, '2027-01');
    await adjust(id, 900n, ANN);
    await decisions().approve('2027-01', ANN);
    await runPeriod(api, '2027-01');
    expect(await runOf(api, '2027-01')).toMatchObject({
      status: 'completed',
      totals: [{ currency: 'usd', count: 1, amount: 5000 }],
    });
  });

  it('counts an adjustment against an affiliate too, and one whose payout is made anew', async () => {
    const id = await affiliateOwed(api, 'taken', 9000);
    await adjust(id, -700n, ANN);
    failTransfers(api, 'refused_400');
    await runPeriod(api, '2026-12');
    await expect(decisions().approve('2026-12', ANN)).rejects.toMatchObject({ code: 'second_approver_needed' });
    await decisions().approve('2026-12', BOB);
    await runPeriod(api, '2026-12');
    const failed = await onlyPayout(api, id);
    expect(failed).toMatchObject({ status: 'failed' });
    expect(await api.app.get(PayoutRetry).retryPayout(failed.id, ANN)).toBe(true);
    await expect(decisions().approve('2026-12', ANN)).rejects.toMatchObject({ code: 'second_approver_needed' });
    await decisions().approve('2026-12', BOB);
    await runPeriod(api, '2026-12');
    expect(await payoutsOf(api, id)).toMatchObject([
      { status: 'paid', amount: 8300 },
      { status: 'failed', amount: 8300 },
    ]);
    expect((await log()).filter(({ action }) => action === 'payout.retried')).toEqual([
      {
        ...BY_ANN,
        action: 'payout.retried',
        subject: `payout ${failed.id}`,
        before: { period: '2026-12', runStatus: 'completed' },
        after: { period: '2026-12', runStatus: 'awaiting_approval', payoutsMade: 1 },
      },
    ]);
  });

  it('without a reason, and cancelling without one, is refused and leaves no record', async () => {
    await affiliateOwed(api, 'owed', 3000);
    await runPeriod(api, '2026-12');
    const silent = { ...ANN, reason: '  ' };
    await expect(decisions().approve('2026-12', silent)).rejects.toMatchObject({ code: 'reason_length' });
    await expect(decisions().cancel('2026-12', silent)).rejects.toMatchObject({ code: 'reason_length' });
    expect(await log()).toEqual([]);
    expect(await runOf(api)).toMatchObject({ status: 'awaiting_approval', decision: null });
    await decisions().cancel('2026-12', ANN);
    expect(await log()).toEqual([
      {
        ...{ ...BY_ANN, ...decision, action: 'payout_run.canceled' },
        before: { period: '2026-12', status: 'awaiting_approval' },
        after: { period: '2026-12', status: 'canceled' },
      },
    ]);
  });

  it('at the command line is the act of the operator, who says who they are', async () => {
    await affiliateOwed(api, 'owed', 3000);
    await runPeriod(api, '2026-12');
    const env = processEnv({ url: api.database.url, ownerUrl: api.ownerUrl }, api.stripe, {
      PAYOUT_APPROVAL: 'manual',
    });
    const args = ['--period', '2026-12', '--approve', '--by', 'Ann', '--reason', 'All is well'];
    expect(await runCommandProcess('payouts', args, env)).toMatchObject({ exitCode: 0 });
    const by = { actorId: 'operator', reason: 'All is well (by Ann)' };
    expect(await log()).toMatchObject([{ ...by, ...decision, action: 'payout_run.approved' }]);
    expect(await runOf(api)).toMatchObject({
      status: 'completed',
      decision: { made: 'approved', by: 'operator', reason: 'All is well (by Ann)' },
    });
  });
});

describe('retrying failed payouts', () => {
  beforeEach(() => start());
  const retry = (): PayoutRetry => api.app.get(PayoutRetry);

  it('is recorded with what it made, and not at all when it made nothing', async () => {
    const id = await affiliateOwed(api, 'unlucky', 3000);
    failTransfers(api, 'refused_400');
    await runPeriod(api, '2026-12');
    expect(await retry().retryFailed('2026-12', ANN)).toBe(1);
    expect(await retry().retryFailed('2026-12', ANN)).toBe(0);
    await runPeriod(api, '2026-12');
    const [paid] = await payoutsOf(api, id);
    await expect(retry().retryPayout(paid?.id ?? '', ANN)).rejects.toMatchObject({ code: 'payout_not_retryable' });
    await expect(retry().retryPayout('po_unknown', ANN)).rejects.toMatchObject({ code: 'payout_not_found' });
    expect(await log()).toEqual([
      {
        ...BY_ANN,
        action: 'payout_run.failed_retried',
        subject: expect.stringMatching(/^payout_run run_/) as string,
        before: { period: '2026-12', runStatus: 'completed' },
        after: { period: '2026-12', runStatus: 'sending', payoutsMade: 1 },
      },
    ]);
  });
});

it('Replaying an event is recorded with what became of it, and fetching one late is not', async () => {
  await start();
  await affiliateOwed(api, 'replayed', 3000);
  const { id } = await api.database.prisma.stripeEvent.findFirstOrThrow({ where: { type: 'invoice.paid' } });
  await api.app.get(EventProcessor).replayBatch([id], null);
  await api.app.get(EventProcessor).replayBatch([id], ANN);
  expect(await log()).toEqual([
    {
      ...BY_ANN,
      action: 'stripe_event.replayed',
      subject: `stripe_event ${id}`,
      before: { status: 'processed' },
      after: { status: 'processed' },
    },
  ]);
});
