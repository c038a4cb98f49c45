import { VerificationService } from '../../../src/commissions/verification.service.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { deliver, eventOf, paidInvoice } from '../../setup/webhooks.js';

describe('the replay of all facts', () => {
  let api: TestApp;

  beforeEach(async () => {
    api = await startTestApp();
    await affiliateWithReferrals(api, 'audited', ['payer']);
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { id: 'in_paid', userId: 'payer', total: 9900 })));
    await api.settle();
    await expectSoundLedger(api);
  });
  afterEach(async () => api.close());

  const breaches = async (): Promise<string[]> =>
    (await api.app.get(VerificationService).verify()).invariants.flatMap((invariant) => invariant.breaches);

  it('names an invoice whose commission was lost', async () => {
    const paid = await api.database.prisma.stripeInvoice.findUniqueOrThrow({ where: { id: 'in_paid' } });
    await api.database.prisma.stripeInvoice.create({ data: { ...paid, id: 'in_lost', amountPaidMinor: 5000n } });
    const referral = await api.database.prisma.referral.findUniqueOrThrow({ where: { referredUserId: 'payer' } });
    expect(await breaches()).toEqual([
      `invoice in_lost of referral ${referral.id} should have earned 1000, and has earned nothing`,
    ]);
  });

  it('names a commission that a stored refund should have lowered', async () => {
    await api.database.prisma.stripeInvoicePayment.create({
      data: {
        id: 'inpay_1',
        invoiceId: 'in_paid',
        paymentId: 'pi_1',
        amountMinor: 9900n,
        status: 'paid',
        receivedAt: api.clock.now(),
      },
    });
    await api.database.prisma.stripeLoss.create({
      data: {
        id: 're_1',
        source: 'refund',
        paymentId: 'pi_1',
        currency: 'usd',
        amountMinor: 4950n,
        status: 'succeeded',
        receivedAt: api.clock.now(),
      },
    });
    const commission = await api.database.prisma.commission.findFirstOrThrow({ where: { invoiceId: 'in_paid' } });
    expect(await breaches()).toEqual([`commission ${commission.id} of invoice in_paid: net 1980, by the facts 990`]);
  });

  it('names a commission that a rejection should have taken, unless it was spared', async () => {
    const { prisma } = api.database;
    const { id: referralId, affiliateId } = await prisma.referral.findUniqueOrThrow({
      where: { referredUserId: 'payer' },
    });
    const { id: commissionId } = await prisma.commission.findFirstOrThrow({ where: { invoiceId: 'in_paid' } });
    const at = api.clock.now();
    const decided = { staffUserId: 'stf_1', reason: 'It is the affiliate.' };
    const closed = { decidedBy: decided.staffUserId, reason: decided.reason, closedAt: at, status: 'rejected' };
    for (const id of ['case_1', 'case_2']) {
      const rule = 'transfer_reversed';
      await prisma.reviewCase.create({ data: { id, affiliateId, rule, holds: true, openedAt: at, ...closed } });
      await prisma.referralRejection.create({ data: { caseId: id, referralId, rule, ...decided, rejectedAt: at } });
    }
    const breach = `commission ${commissionId} of invoice in_paid: net 1980, by the facts 0`;
    expect(await breaches()).toEqual([breach]);
    await prisma.sparedCommission.create({ data: { caseId: 'case_1', commissionId } });
    expect(await breaches()).toEqual([breach]);
    await prisma.sparedCommission.create({ data: { caseId: 'case_2', commissionId } });
    expect(await breaches()).toEqual([]);
  });
});
