import type { CommissionPageDto } from '../../src/commissions/commission.dto.js';
import type { BalancesDto } from '../../src/commissions/commission.dto.js';
import { FakeClock, startTestApp, type TestApp } from '../setup/app.js';
import { eventually } from '../setup/eventually.js';
import { affiliateWithReferrals } from '../setup/host.js';
import { expectSoundLedger } from '../setup/ledger.js';
import { deliver, disputeOf, eventOf, invoicePayment, paidInvoice, refundOf } from '../setup/webhooks.js';

const CUSTOMERS = 25;

/** A shuffle that is the same each time: a failure must be seen again. */
function shuffled<T>(items: T[], seed: number): T[] {
  const result = [...items];
  let state = seed;
  for (let n = result.length - 1; n > 0; n--) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const other = state % (n + 1);
    [result[n], result[other]] = [result[other] as T, result[n] as T];
  }
  return result;
}

describe('two servers that get everything about many customers at the same moment', () => {
  let first: TestApp;
  let second: TestApp;

  beforeAll(async () => {
    const clock = new FakeClock(new Date('2026-12-01T12:00:00Z'));
    first = await startTestApp({ clock });
    second = await startTestApp({ clock, databaseUrl: first.database.url, stripe: first.stripe });
  });
  afterAll(async () => {
    await second.close();
    await first.close();
  });

  it.each([1, 2, 3])('earn, split and take back to the cent, whatever meets whatever (order %i)', async (seed) => {
    const affiliate = await affiliateWithReferrals(first, `rush-${seed}`, []);
    const steps = Array.from({ length: CUSTOMERS }, (_, n) => {
      const name = `rush-${seed}-${n}`;
      const [one, two, payment] = [`in_${name}_1`, `in_${name}_2`, `pi_${name}`];
      const by = (server: TestApp, type: string, object: Record<string, unknown>) => () =>
        deliver(server, eventOf(server, type, object));
      // 99.00 and 33.00 by one payment of 132.00; 66.00 refunded: 49.50 and 16.50 of them; 12.00 disputed: 9.00 and 3.00.
      return [
        () => first.request('POST', '/v1/referrals', { body: { referredUserId: name, code: affiliate.code } }),
        by(first, 'invoice.paid', paidInvoice(first, { id: one, userId: name, total: 9900 })),
        by(second, 'invoice.paid', paidInvoice(second, { id: two, userId: name, total: 3300 })),
        by(
          second,
          'invoice_payment.paid',
          invoicePayment(second, { id: `inpay_${one}`, invoice: one, payment, amount: 9900 }),
        ),
        by(
          first,
          'invoice_payment.paid',
          invoicePayment(first, { id: `inpay_${two}`, invoice: two, payment, amount: 3300 }),
        ),
        by(second, 'refund.created', refundOf(second, { id: `re_${name}`, payment, amount: 6600 })),
        by(first, 'charge.dispute.created', disputeOf(first, { id: `dp_${name}`, payment, amount: 1200 })),
      ];
    }).flat();
    await Promise.all(shuffled(steps, seed).map((step) => step()));
    const events = first.database.prisma.stripeEvent;
    await eventually(async () => expect(await events.count({ where: { status: 'pending' } })).toBe(0));
    expect(await events.count({ where: { status: 'failed' } })).toBe(0);

    // 20 % of 99.00 − 58.50 and of 33.00 − 19.50.
    const { body } = await first.request<BalancesDto>('GET', `/v1/affiliates/${affiliate.id}/balance`);
    expect(body.balances).toMatchObject([{ currency: 'usd', payable: CUSTOMERS * (810 + 270) }]);
    const page = await first.request<CommissionPageDto>('GET', `/v1/commissions?affiliateId=${affiliate.id}&limit=100`);
    const nets = page.body.data.map(({ amount, netAmount }) => `${amount} → ${netAmount}`).sort();
    expect(nets).toEqual([
      ...Array.from({ length: CUSTOMERS }, () => '1980 → 810'),
      ...Array.from({ length: CUSTOMERS }, () => '660 → 270'),
    ]);
    await expectSoundLedger(first);
  });
});
