import type { CommissionPageDto } from '../../../src/commissions/commission.dto.js';
import { CommissionsService, type MoneyFacts } from '../../../src/commissions/commissions.service.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { affiliateWithReferrals } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';

const FACTS = ['invoice', 'payment', 'refund'] as const;
type FactName = (typeof FACTS)[number];

describe('two facts about one payment that are stored at the same moment', () => {
  let api: TestApp;

  beforeAll(async () => {
    api = await startTestApp();
  });
  afterEach(async () => expectSoundLedger(api));
  afterAll(async () => api.close());

  const factsOf = (name: string): Record<FactName, MoneyFacts> => ({
    invoice: {
      invoices: [
        {
          id: `in_${name}`,
          customerId: `cus_${name}`,
          referredUserId: name,
          subscriptionId: null,
          currency: 'usd',
          totalMinor: 9900n,
          totalExcludingTaxMinor: 9900n,
          amountPaidMinor: 9900n,
          amountPaidOffStripeMinor: 0n,
          paidAt: api.clock.now(),
          stripeEventId: `evt_${name}`,
        },
      ],
    },
    payment: {
      invoicePayments: [
        { id: `inpay_${name}`, invoiceId: `in_${name}`, paymentId: `pi_${name}`, amountMinor: 9900n, status: 'paid' },
      ],
    },
    refund: {
      losses: [
        {
          id: `re_${name}`,
          source: 'refund',
          paymentId: `pi_${name}`,
          invoiceId: null,
          currency: 'usd',
          amountMinor: 4950n,
          status: 'succeeded',
          stripeEventId: `evt_${name}`,
        },
      ],
    },
  });

  const record = (facts: MoneyFacts, beforeCommit: () => Promise<void> = async () => undefined): Promise<void> =>
    api.database.transaction(async (tx) => {
      await api.app.get(CommissionsService).record(tx, facts, { occurredAt: api.clock.now() });
      await beforeCommit();
    });

  /** Whether some transaction waits for a lock of the kind that facts are serialised by. */
  const somebodyWaits = async (): Promise<boolean> => {
    const { rows } = await api.database.pool.query<{ n: string }>(
      `SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    return rows[0]?.n !== '0';
  };

  /** Records the second while the first has not committed; it waits, or ends without having to. */
  const recordTogether = async (first: MoneyFacts, second: MoneyFacts): Promise<void> => {
    let recorded: Promise<void> | undefined;
    await record(first, async () => {
      let ended = false;
      recorded = record(second).finally(() => {
        ended = true;
      });
      await eventually(async () => expect(ended || (await somebodyWaits())).toBe(true));
    });
    await recorded;
  };

  const pairs = FACTS.flatMap((earlier) =>
    FACTS.filter((later) => later !== earlier).map((later): [FactName, FactName] => [earlier, later]),
  );
  it.each(pairs)('count both: %s, and %s before the first has committed', async (earlier, later) => {
    const name = `${earlier}-${later}`;
    const affiliate = await affiliateWithReferrals(api, name, [name]);
    const facts = factsOf(name);
    for (const known of FACTS.filter((fact) => fact !== earlier && fact !== later)) await record(facts[known]);

    await recordTogether(facts[earlier], facts[later]);

    const { body } = await api.request<CommissionPageDto>('GET', `/v1/commissions?affiliateId=${affiliate.id}`);
    expect(body.data.map(({ amount, netAmount }) => [amount, netAmount])).toEqual([[1980, 990]]);
  });

  it.each([
    ['issued', 'void'],
    ['void', 'issued'],
  ])('keep the later state of a credit note that is told as %s and as %s at once', async (earlier, later) => {
    const name = `note-${earlier}`;
    const affiliate = await affiliateWithReferrals(api, name, [name]);
    await record(factsOf(name).invoice);
    const note = (status: string): MoneyFacts => ({
      losses: [
        {
          id: `cn_${name}`,
          source: 'credit_note',
          paymentId: null,
          invoiceId: `in_${name}`,
          currency: 'usd',
          amountMinor: 4950n,
          status,
          stripeEventId: `evt_${name}`,
        },
      ],
    });
    await recordTogether(note(earlier), note(later));
    const { body } = await api.request<CommissionPageDto>('GET', `/v1/commissions?affiliateId=${affiliate.id}`);
    expect(body.data.map(({ amount, netAmount }) => [amount, netAmount])).toEqual([[1980, 1980]]);
  });
});
