import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import type { ErrorBody } from '../../../src/http/error-response.js';
import type { StatsDto } from '../../../src/referrals/stats/stats.dto.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';
import { deliver, eventOf, paidInvoice } from '../../setup/webhooks.js';
import { createAffiliate, visit } from './visits.js';

let api: TestApp;
let affiliate: AffiliateDto;

const stats = (query: string, id = affiliate.id): Promise<TestResponse<StatsDto & ErrorBody>> =>
  api.request('GET', `/v1/affiliates/${id}/stats${query}`);

/** Two months of an affiliate: clicks, signups and conversions around the ends of days and months. */
beforeAll(async () => {
  api = await startTestApp({ now: '2026-11-30T23:59:59.999Z', env: { TRUST_PROXY: '1' } });
  affiliate = await createAffiliate(api);
  const signUp = (referredUserId: string) =>
    api.request('POST', '/v1/referrals', { body: { referredUserId, code: affiliate.code } });
  await visit(api, affiliate.code, { ip: '192.0.2.1' });
  await signUp('a');
  api.clock.set('2026-12-01T00:00:00.000Z');
  for (const ip of ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.3']) await visit(api, affiliate.code, { ip });
  await signUp('b');
  api.clock.set('2026-12-03T12:00:00Z');
  await visit(api, affiliate.code, { ip: '192.0.2.1' });
  await signUp('c');
  await deliver(
    api,
    eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'a', paidAt: new Date('2026-12-03T23:59:59Z') })),
  );
  await deliver(
    api,
    eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'b', paidAt: new Date('2026-12-04T00:00:00Z') })),
  );
  await api.settle();
  // Somebody else's numbers must not appear.
  const other = await createAffiliate(api);
  await visit(api, other.code);
});
afterAll(async () => api.close());

describe('statistics', () => {
  it('count per day, both ends included, with the empty days between', async () => {
    const { status, body } = await stats('?from=2026-12-01&to=2026-12-03');
    expect(status).toBe(200);
    expect(body).toEqual({
      totals: { clicks: 5, uniqueClicks: 4, signups: 2, conversions: 1, conversionRate: 0.5 },
      series: [
        { date: '2026-12-01', clicks: 4, uniqueClicks: 3, signups: 1, conversions: 0 },
        { date: '2026-12-02', clicks: 0, uniqueClicks: 0, signups: 0, conversions: 0 },
        { date: '2026-12-03', clicks: 1, uniqueClicks: 1, signups: 1, conversions: 1 },
      ],
    });
  });

  it('count per month, of the cut ones only what lies in the range', async () => {
    const { body } = await stats('?from=2026-10-15&to=2026-12-01&interval=month');
    expect(body.series).toEqual([
      { date: '2026-10-01', clicks: 0, uniqueClicks: 0, signups: 0, conversions: 0 },
      { date: '2026-11-01', clicks: 1, uniqueClicks: 1, signups: 1, conversions: 0 },
      { date: '2026-12-01', clicks: 4, uniqueClicks: 3, signups: 1, conversions: 0 },
    ]);
    expect(body.totals).toEqual({ clicks: 5, uniqueClicks: 4, signups: 2, conversions: 0, conversionRate: 0.5 });
  });

  it('are those of the last 30 days unless told otherwise', async () => {
    const { body } = await stats('');
    expect([body.series.length, body.series[0]?.date, body.series.at(-1)?.date]).toEqual([
      30,
      '2026-11-04',
      '2026-12-03',
    ]);
    expect(body.totals).toMatchObject({ clicks: 6, uniqueClicks: 5, signups: 3, conversions: 1 });
  });

  it('have a conversion rate of 0 without clicks', async () => {
    const { body } = await stats('?from=2026-01-01&to=2026-01-01');
    expect(body.totals).toEqual({ clicks: 0, uniqueClicks: 0, signups: 0, conversions: 0, conversionRate: 0 });
  });

  it.each([
    '?from=2026-12-02&to=2026-12-01',
    '?from=2025-01-01&to=2026-12-01',
    '?from=2000-01-01&to=2026-12-01&interval=month',
    '?from=2026-02-30',
    '?from=2026-12-01T00:00:00Z',
    '?from=01.12.2026',
    '?interval=week',
    '?unit=day',
  ])('refuse %s', async (query) => {
    expect((await stats(query)).status).toBe(400);
  });

  it('of an affiliate that does not exist are 404', async () => {
    const { status, body } = await stats('', 'aff_unknown');
    expect([status, body.error.code]).toEqual([404, 'affiliate_not_found']);
  });

  it('are shown to the affiliate itself', async () => {
    const query = '?from=2026-12-01&to=2026-12-03';
    const mine = await api.request('GET', `/v1/me/stats${query}`, { token: api.token('affiliate', affiliate.userId) });
    expect(mine.body).toEqual((await stats(query)).body);
    expect((await api.request('GET', '/v1/me/stats')).status).toBe(403);
  });
});
