import type { CommissionPageDto } from '../../../src/commissions/commission.dto.js';
import { HoldsService } from '../../../src/commissions/holds.service.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { expectSoundLedger, expectStatesListed } from '../../setup/ledger.js';
import { deliver, eventOf, paidInvoice } from '../../setup/webhooks.js';

describe('a plan that holds what it earns for ten days', () => {
  let api: TestApp;

  beforeAll(async () => {
    api = await startTestApp({ now: '2026-11-20T12:00:00Z' });
    const plan = await api.request<{ id: string }>('POST', '/v1/plans', {
      body: { name: 'patient', rateBps: 2000, holdDays: 10 },
    });
    const affiliate = await api.request<{ code: string }>('POST', '/v1/affiliates', {
      body: { userId: 'patient', name: 'Patient', planId: plan.body.id },
    });
    await api.request('POST', '/v1/referrals', { body: { referredUserId: 'customer', code: affiliate.body.code } });
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'customer', total: 9900 })));
    await api.settle();
  });
  afterEach(async () => {
    await expectSoundLedger(api);
    await expectStatesListed(api);
  });
  afterAll(async () => api.close());

  const commission = async () => (await api.request<CommissionPageDto>('GET', '/v1/commissions')).body.data[0];
  const release = () => api.app.get(HoldsService).releaseDueNow();

  it('keeps a commission held until the very moment', async () => {
    expect(await commission()).toMatchObject({ state: 'held', amount: 1980, availableAt: '2026-11-30T12:00:00.000Z' });
    api.clock.set('2026-11-30T11:59:59.999Z');
    await release();
    expect(await commission()).toMatchObject({ state: 'held' });
  });

  it('makes it payable then, once, however many instances look at the same time', async () => {
    api.clock.set('2026-11-30T12:00:30Z');
    const moment = new Date('2026-11-30T12:00:00.000Z');
    await Promise.all(Array.from({ length: 10 }, () => api.app.get(HoldsService).releaseDue(moment)));
    expect(await commission()).toMatchObject({ state: 'payable', netAmount: 1980 });
    const entries = await api.database.prisma.journalEntry.findMany({ where: { kind: 'commission_released' } });
    expect(entries.map(({ occurredAt }) => occurredAt.toISOString())).toEqual(['2026-11-30T12:00:00.000Z']);
    expect(await api.database.prisma.commissionHold.count()).toBe(0);
  });
});
