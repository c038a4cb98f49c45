import { startTestApp, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { commissionOf, sell } from '../../setup/sales.js';
import { deliver, eventOf, refundedCharge, refundOf } from '../../setup/webhooks.js';

describe('a charge that Stripe says was refunded', () => {
  let api: TestApp;

  beforeEach(async () => {
    api = await startTestApp();
  });
  afterEach(async () => {
    await expectSoundLedger(api);
    await api.close();
  });

  it('is not passed over when Stripe shows no refund of it: the event is tried again, and says why', async () => {
    const sale = await sell(api, 'unseen');
    const charge = refundedCharge(api, { payment: sale.payment, amount: 9900, amountRefunded: 9900 });
    await deliver(api, eventOf(api, 'charge.refunded', charge));
    await eventually(async () => {
      const event = await api.database.prisma.stripeEvent.findFirstOrThrow({ where: { type: 'charge.refunded' } });
      expect(event).toMatchObject({ status: 'pending' });
      expect(event.lastError).toContain('Stripe shows no refund');
    });
    expect(await commissionOf(api, sale)).toMatchObject({ netAmount: 1980 });
  });

  it('counts the refunds that an older snapshot lists, where Stripe cannot be asked any more', async () => {
    const sale = await sell(api, 'listed');
    const charge = refundedCharge(api, { payment: sale.payment, amount: 9900, amountRefunded: 4950 });
    const refunds = { object: 'list', data: [refundOf(api, { payment: sale.payment, amount: 4950 })], has_more: false };
    await deliver(api, eventOf(api, 'charge.refunded', { ...charge, refunds }));
    await api.settle();
    expect(await commissionOf(api, sale)).toMatchObject({ netAmount: 990 });
  });
});
