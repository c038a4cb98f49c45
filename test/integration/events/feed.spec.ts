import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import { HoldsService } from '../../../src/commissions/holds.service.js';
import type { CommissionDto } from '../../../src/commissions/commission.dto.js';
import { DomainEvents } from '../../../src/events/domain-events.js';
import { EventConsumers, type EventConsumer } from '../../../src/events/event-consumers.js';
import type { EventDto, EventPageDto } from '../../../src/events/event.dto.js';
import { EventFeed, type EventHead } from '../../../src/events/event-feed.js';
import { EventPublisher } from '../../../src/events/event-publisher.js';
import { AffiliateApproval } from '../../../src/affiliates/affiliate-approval.service.js';
import type { ReferralDto } from '../../../src/referrals/referral.dto.js';
import type { PayoutDto } from '../../../src/payouts/payout.dto.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals, hostStripe, onboard } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { affiliateOwed, failTransfers, onlyPayout, runPeriod } from '../../setup/payday.js';
import { commissionOf, namesOf, sell, tell } from '../../setup/sales.js';
import { refundOf, subscriptionOf } from '../../setup/webhooks.js';

const DAY_MS = 24 * 60 * 60 * 1000;

let api: TestApp;

beforeEach(async () => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z' });
});
afterEach(async () => {
  await expectSoundLedger(api);
  await api.close();
});

const page = async (query = ''): Promise<EventPageDto> =>
  (await api.request<EventPageDto>('GET', `/v1/events?limit=100${query}`)).body;
const eventsOf = async (id: string): Promise<EventDto[]> => (await page()).data.filter(({ data }) => data['id'] === id);
const typesOf = async (id: string): Promise<string[]> => (await eventsOf(id)).map(({ type }) => type);
const lastOf = async (id: string): Promise<EventDto> => (await eventsOf(id)).at(-1) as EventDto;
const withoutExplanation = ({ explanation: _explanation, ...commission }: CommissionDto) => commission;

describe('the events', () => {
  it('tell of a commission whenever its worth or state changes, as the API shows it then', async () => {
    const sale = await sell(api, 'Held sale', { total: 9900, plan: { holdDays: 10 } });
    const { id } = await commissionOf(api, sale);
    const expectLast = async (type: string): Promise<void> => {
      const last = await lastOf(id);
      expect([last.type, last.data]).toEqual([type, withoutExplanation(await commissionOf(api, sale))]);
    };
    await expectLast('commission.created');
    expect((await lastOf(id)).data).toMatchObject({ amount: 1980, netAmount: 1980, state: 'held', currency: 'usd' });

    await tell(api, 'refund.created', refundOf(api, { id: 're_1', payment: sale.payment, amount: 3300 }));
    await expectLast('commission.reversed');
    expect((await lastOf(id)).data).toMatchObject({ netAmount: 1320, reversedAmount: 660, state: 'held' });

    api.clock.advance(11 * DAY_MS);
    await api.app.get(HoldsService).releaseDue(api.clock.now());
    await expectLast('commission.released');
    expect((await lastOf(id)).data).toMatchObject({ netAmount: 1320, state: 'payable' });

    await tell(
      api,
      'refund.failed',
      refundOf(api, { id: 're_1', payment: sale.payment, amount: 3300, status: 'failed' }),
    );
    await expectLast('commission.restored');
    expect(await typesOf(id)).toEqual([
      'commission.created',
      'commission.reversed',
      'commission.released',
      'commission.restored',
    ]);
  });

  it('tell once when a referral is made, converts and churns', async () => {
    const sale = await sell(api, 'Customer', {});
    const { body: referral } = await api.request<ReferralDto>('GET', `/v1/referrals/by-user/${sale.userId}`);
    const { customer } = namesOf('Customer');
    const subscription = (status: string) => ({ ...subscriptionOf(api, sale.userId, status), customer });
    await tell(api, 'customer.subscription.created', subscription('active'));
    await tell(api, 'customer.subscription.deleted', subscription('canceled'));
    await tell(api, 'customer.subscription.updated', subscription('canceled'));
    const events = await eventsOf(referral.id);
    expect(events.map(({ type, data }) => [type, data['status']])).toEqual([
      ['referral.created', 'trial'],
      ['referral.converted', 'paid'],
      ['referral.churned', 'churned'],
    ]);
    const { lifetimeEarned: _earned, ...now } = (await api.request<ReferralDto>('GET', `/v1/referrals/${referral.id}`))
      .body;
    expect(events.at(-1)?.data).toEqual(now);
  });

  it('tell how a payout ended, and what comes back of it, in part and in full', async () => {
    const paid = await affiliateOwed(api, 'paid', 5000);
    await runPeriod(api, '2026-12');
    const payout = await onlyPayout(api, paid);
    expect(await lastOf(payout.id)).toMatchObject({ type: 'payout.paid', data: { ...payout } });
    for (const amount of [2000, 3000]) {
      await hostStripe(api).transfers.createReversal(payout.stripeTransferId ?? '', { amount });
      await api.settle();
    }
    const reversed = (await eventsOf(payout.id)).slice(1);
    expect(reversed.map(({ type, data }) => [type, data['amountReversed'], data['status']])).toEqual([
      ['payout.reversed', 2000, 'paid'],
      ['payout.reversed', 5000, 'reversed'],
    ]);

    const refused = await affiliateOwed(api, 'refused', 5000);
    failTransfers(api, 'refused_400');
    await runPeriod(api, '2027-01');
    const failed: PayoutDto = await onlyPayout(api, refused);
    expect(failed.status).toBe('failed');
    expect(await eventsOf(failed.id)).toMatchObject([{ type: 'payout.failed', data: { ...failed } }]);
  });

  it('tell of an affiliate without name and e-mail, and only when something changed', async () => {
    const { body: affiliate } = await api.request<AffiliateDto>('POST', '/v1/affiliates', {
      body: { userId: 'user-ann', name: 'Ann Archer', email: 'ann@example.com', code: 'ARCHERY' },
    });
    const { name: _name, email: _email, ...shown } = affiliate;
    expect(await eventsOf(affiliate.id)).toEqual([
      expect.objectContaining({ type: 'affiliate.created', timestamp: '2026-11-20T12:00:00.000Z', data: shown }),
    ]);
    const patch = (body: object) => api.request('PATCH', `/v1/affiliates/${affiliate.id}`, { body });
    await patch({ country: 'US' });
    await patch({ commissionRateBps: 2500 });
    const act = { staffUserId: 'stf_1', reason: 'They asked for a pause.' };
    for (let times = 0; times < 2; times++) {
      await api.database.transaction((tx) => api.app.get(AffiliateApproval).suspend(tx, [affiliate.id], act));
    }
    await patch({ status: 'active' });
    await onboard(api, affiliate.id);
    const changes = (await eventsOf(affiliate.id)).slice(1);
    expect(changes.map(({ type, data }) => [type, data['commissionRateBps'], data['status']])).toEqual([
      ['affiliate.updated', 2500, 'active'],
      ['affiliate.updated', 2500, 'suspended'],
      ['affiliate.updated', 2500, 'active'],
      ['affiliate.updated', 2500, 'active'],
      ['affiliate.updated', 2500, 'active'],
    ]);
    const [account, enabled] = changes.slice(-2);
    expect(account?.data).toMatchObject({ stripeAccountId: expect.stringMatching(/^acct_/), payoutsEnabled: false });
    expect(enabled?.data).toMatchObject({ payoutsEnabled: true });
  });
});

describe('GET /v1/events', () => {
  it('goes through all events by the id of the last one that is known, and finds what is new', async () => {
    for (const name of ['One', 'Two', 'Three']) await affiliateWithReferrals(api, name, [`user-of-${name}`]);
    const all = (await page()).data;
    expect(all).toHaveLength(6);
    const seen: EventDto[] = [];
    let after: string | null = '';
    while (after !== null) {
      const next: EventPageDto = (
        await api.request<EventPageDto>('GET', `/v1/events?limit=4${after ? `&after=${after}` : ''}`)
      ).body;
      seen.push(...next.data);
      after = next.nextCursor;
    }
    expect(seen).toEqual(all);
    const last = all.at(-1)?.id ?? '';
    expect(await page(`&after=${last}`)).toEqual({ data: [], nextCursor: null });
    const { id } = await affiliateWithReferrals(api, 'Four', []);
    expect((await page(`&after=${last}`)).data).toMatchObject([{ type: 'affiliate.created', data: { id } }]);
  });

  it('refuses a cursor that is none, and says when it is unknown', async () => {
    expect(await api.request('GET', '/v1/events?after=7')).toMatchObject({ status: 400 });
    expect(await api.request('GET', '/v1/events?after=dev_01kb6xj3v5e0r8m2n4p6q8s0t2')).toMatchObject({
      status: 404,
      body: { error: { code: 'event_not_found' } },
    });
    expect((await api.request('GET', '/v1/events', { token: api.token('affiliate', 'user-1') })).status).toBe(403);
  });
});

describe('the feed', () => {
  const record = (subjectId: string) =>
    api.database.transaction((tx) =>
      api.app.get(DomainEvents).record(tx, { type: 'referral.created', subjectId, data: { id: subjectId } }),
    );
  const subjects = (events: EventHead[]): string[] => events.map(({ subjectId }) => subjectId);

  it('shows an event that commits late behind those that readers have passed, and numbers all without a gap', async () => {
    await api.database.transaction(async (tx) => {
      await api.app.get(DomainEvents).record(tx, { type: 'referral.created', subjectId: 'late', data: { id: 'late' } });
      await record('early');
      await api.app.get(EventPublisher).publish();
      expect(subjects(await api.app.get(EventFeed).after(0n, 10))).toEqual(['early']);
    });
    await Promise.all([api.app.get(EventPublisher).publish(), api.app.get(EventPublisher).publish()]);
    const events = await api.app.get(EventFeed).after(0n, 10);
    expect(events.map(({ subjectId, position }) => [subjectId, position])).toEqual([
      ['early', 1n],
      ['late', 2n],
    ]);
  });

  it('hands each event to a consumer once, though processes ask at the same time and one attempt fails', async () => {
    const consumers = api.app.get(EventConsumers);
    const taken: string[][] = [];
    let mustFail = true;
    const consumer: EventConsumer = {
      name: 'test',
      take: (_tx, events) => {
        if (mustFail) return Promise.reject(new Error('not now'));
        taken.push(subjects(events));
        return Promise.resolve();
      },
    };
    await record('before it came');
    await api.app.get(EventPublisher).publish();
    await api.database.prisma
      .$executeRaw`INSERT INTO event_consumers (name, position) SELECT 'test', last_position FROM event_feed`;
    for (const subject of ['a', 'b', 'c']) await record(subject);
    await api.app.get(EventPublisher).publish();
    await expect(consumers.advance(consumer)).rejects.toThrow('not now');
    mustFail = false;
    await Promise.all(Array.from({ length: 5 }, () => consumers.advance(consumer)));
    expect(taken).toEqual([['a', 'b', 'c']]);
  });
});
