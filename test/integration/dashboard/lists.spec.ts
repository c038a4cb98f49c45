import type { AffiliateDto } from '../../../src/affiliates/affiliate.dto.js';
import type { CommissionPageDto } from '../../../src/commissions/commission.dto.js';
import type { MyDecisionPageDto } from '../../../src/referrals/attribution/my-decision.dto.js';
import type { ReferralPageDto } from '../../../src/referrals/referral.dto.js';
import type { StatsDto } from '../../../src/referrals/stats/stats.dto.js';
import type { SubIdsDto } from '../../../src/referrals/stats/sub-ids.dto.js';
import { startTestApp, type TestApp, type TestResponse } from '../../setup/app.js';
import { affiliateWithReferrals } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { deliver, eventOf, paidInvoice } from '../../setup/webhooks.js';
import { visit } from '../referrals/visits.js';

let api: TestApp;
let ann: AffiliateDto;
let bob: AffiliateDto;

const mine = <T>(path: string, { userId } = ann): Promise<TestResponse<T>> =>
  api.request('GET', `/v1/me/${path}`, { token: api.token('affiliate', userId) });

const signUp = (referredUserId: string, body: object): Promise<TestResponse<unknown>> =>
  api.request('POST', '/v1/referrals', { body: { referredUserId, ...body } });

const rowsOf = (csv: string): string[][] =>
  csv
    .replace('\uFEFF', '')
    .trim()
    .split('\n')
    .map((line) => line.split(','));

async function pays(userId: string, total: number, currency: string): Promise<void> {
  await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId, total, currency })));
  await api.settle();
}

/** Ann's November and December: three customers who pay, one who looks on, and three signups that were not credited. */
beforeAll(async () => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z', env: { TRUST_PROXY: '1' } });
  [ann, bob] = [await affiliateWithReferrals(api, 'Ann', []), await affiliateWithReferrals(api, 'Bob', [])];
  for (const [sub, ip] of [
    ['news', '192.0.2.1'],
    ['news', '192.0.2.2'],
    ['=HYPERLINK(1)', '192.0.2.3'],
  ] as const) {
    await visit(api, `${ann.code}?sub=${encodeURIComponent(sub)}`, { ip });
  }
  await visit(api, ann.code, { ip: '192.0.2.4' });
  await visit(api, `${bob.code}?sub=bobs`, { ip: '192.0.2.5' });
  await signUp('+november-customer', { code: ann.code });
  await pays('+november-customer', 10_000, 'usd');
  api.clock.set('2026-12-02T12:00:00Z');
  for (const userId of ['december-customer', 'looking-on']) await signUp(userId, { code: ann.code });
  await pays('december-customer', 20_000, 'eur');
  await signUp('bobs-customer', { code: bob.code });
  // Not credited: herself, somebody of Bob's, and a click of long ago.
  await signUp(ann.userId, { code: ann.code });
  await signUp('bobs-customer', { code: ann.code });
  const { clickId } = await visit(api, `${ann.code}?sub=old`, { ip: '192.0.2.9' });
  api.clock.set('2027-01-15T12:00:00Z');
  await signUp('too-late', { clickId, code: ann.code });
});
afterAll(async () => {
  await expectSoundLedger(api);
  await api.close();
});

describe('the filters of an affiliate’s lists', () => {
  it.each<[string, string[]]>([
    ['', ['looking-on', 'december-customer', '+november-customer']],
    ['?status=paid', ['december-customer', '+november-customer']],
    ['?currency=eur', ['december-customer']],
    ['?from=2026-12-01', ['looking-on', 'december-customer']],
    ['?to=2026-11-30', ['+november-customer']],
    ['?to=2026-11-20', ['+november-customer']],
    ['?to=2026-11-20T11:59:59.999Z', []],
    ['?from=2026-11-20T12:00:00Z&to=2026-11-20T12:00:00Z', ['+november-customer']],
    ['?from=1950-01-01&to=9999-12-31', ['looking-on', 'december-customer', '+november-customer']],
  ])('of referrals: %s', async (query, expected) => {
    const { body } = await mine<ReferralPageDto>(`referrals${query}`);
    const referrals = await api.database.prisma.referral.findMany({ where: { affiliateId: ann.id } });
    const names = body.data.map(({ id }) => referrals.find((referral) => referral.id === id)?.referredUserId);
    expect(names).toEqual(expected);
  });

  it.each<[string, number[]]>([
    ['', [4000, 2000]],
    ['?currency=usd', [2000]],
    ['?state=payable&currency=eur', [4000]],
    ['?state=paid', []],
    ['?from=2026-12-01', [4000]],
    ['?to=2026-12-01', [2000]],
  ])('of commissions: %s', async (query, expected) => {
    const { body } = await mine<CommissionPageDto>(`commissions${query}`);
    expect(body.data.map(({ amount }) => amount)).toEqual(expected);
  });

  it('go with the cursor', async () => {
    const days = '?from=2026-12-01&to=2026-12-31&limit=1';
    const first = await mine<ReferralPageDto>(`referrals${days}`);
    const next = await mine<ReferralPageDto>(`referrals${days}&cursor=${first.body.nextCursor}`);
    expect([first.body.data.length, next.body.data.length, next.body.nextCursor]).toEqual([1, 1, null]);
    expect(next.body.data[0]?.id).not.toBe(first.body.data[0]?.id);
  });

  it.each(['?from=2026-W01', '?from=2026-13-01', '?to=today', '?currency=USD', '?from=2026-02-30', '?from=2026-001'])(
    'refuse what is none: %s',
    async (query) => {
      for (const list of ['referrals', 'commissions', 'payouts']) {
        for (const format of ['json', 'csv']) {
          const { status } = await mine(`${list}${query}&format=${format}`);
          expect([list, format, status]).toEqual([list, format, 400]);
        }
      }
    },
  );
});

describe('the files of an affiliate’s lists', () => {
  it('hold all that match, beyond a page, as attachments that nobody keeps', async () => {
    const { status, text, headers } = await mine<string>('commissions?format=csv&limit=1&from=2026-11-01');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('content-disposition')).toBe('attachment; filename="commissions.csv"');
    expect(headers.get('cache-control')).toBe('private, no-store');
    const [names, ...rows] = rowsOf(text);
    const column = (name: string) => rows.map((row) => row[names?.indexOf(name) ?? -1]);
    expect([column('netAmount'), column('currency'), column('state')]).toEqual([
      ['40.00', '20.00'],
      ['eur', 'usd'],
      ['payable', 'payable'],
    ]);
  });

  it('mask who the customers are, and keep spreadsheets from running what was typed', async () => {
    const { text } = await mine<string>('referrals?format=csv');
    expect(text).not.toMatch(/november-customer|looking-on/);
    const [names, ...rows] = rowsOf(text);
    expect(rows.map((row) => row[names?.indexOf('referredUserId') ?? -1])).toEqual(['lo***on', 'de***er', "'+n***er"]);
    expect(text).not.toContain(bob.id);
  });

  it('are there for hosts too, with names', async () => {
    for (const list of ['referrals', 'commissions']) {
      const { status, text } = await api.request<string>('GET', `/v1/${list}?format=csv&affiliateId=${ann.id}`);
      expect([list, status, rowsOf(text).length]).toEqual([list, 200, list === 'referrals' ? 4 : 3]);
      if (list === 'referrals') expect(text).toContain("'+november-customer");
    }
  });

  it('of payouts and refusals are files as well', async () => {
    for (const list of ['payouts', 'attribution-decisions']) {
      const { status, headers } = await mine(`${list}?format=csv`);
      expect([list, status, headers.get('content-type')]).toEqual([list, 200, 'text/csv; charset=utf-8']);
    }
  });
});

describe('signups that were not credited', () => {
  it('are listed with their reason and the note on the link, newest first and masked', async () => {
    const { body, text } = await mine<MyDecisionPageDto>('attribution-decisions');
    expect(body.data.map(({ reason, subId, code }) => [reason, subId, code])).toEqual([
      ['click_expired', 'old', ann.code],
      ['already_referred', null, ann.code],
      ['self_referral', null, ann.code],
    ]);
    expect(Object.keys(body.data[0] ?? {}).sort()).toEqual([
      'code',
      'id',
      'occurredAt',
      'reason',
      'referredUserId',
      'subId',
    ]);
    expect(text).not.toMatch(/too-late|bobs-customer/);
    expect((await mine<MyDecisionPageDto>('attribution-decisions', bob)).body.data).toEqual([]);
  });

  it('are read page by page', async () => {
    const first = await mine<MyDecisionPageDto>('attribution-decisions?limit=2');
    const rest = await mine<MyDecisionPageDto>(`attribution-decisions?limit=2&cursor=${first.body.nextCursor}`);
    expect(rest.body.data.map(({ reason }) => reason)).toEqual(['self_referral']);
    expect(rest.body.nextCursor).toBeNull();
  });
});

describe('notes on links', () => {
  it('are counted since ever, those with the most clicks first', async () => {
    const { body } = await mine<SubIdsDto>('sub-ids');
    expect(body.data).toEqual([
      { subId: 'news', clicks: 2 },
      { subId: '=HYPERLINK(1)', clicks: 1 },
      { subId: 'old', clicks: 1 },
    ]);
    expect((await mine<SubIdsDto>('sub-ids?limit=1')).body.data).toHaveLength(1);
    expect((await mine<SubIdsDto>('sub-ids', bob)).body.data).toEqual([{ subId: 'bobs', clicks: 1 }]);
  });

  it('agree with the clicks themselves, also of clicks that came at once', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, n) => visit(api, `${bob.code}?sub=at-once-${n % 4}`)));
    const stored = await api.database.prisma.$queryRaw`
      SELECT "affiliate_id", "sub_id", count(*)::int AS "clicks" FROM "clicks" WHERE "sub_id" IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2`;
    const counted = await api.database.prisma.$queryRaw`
      SELECT "affiliate_id", "sub_id", "clicks" FROM "click_sub_ids" ORDER BY 1, 2`;
    expect(counted).toEqual(stored);
  });
});

describe('the range before', () => {
  it.each([
    ['?from=2026-12-01&to=2026-12-12', '2026-11-19', '2026-11-30', [2, 1]],
    ['?from=2026-12-01&to=2026-12-31&interval=month', '2026-11-01', '2026-11-01', [2, 1]],
    ['?from=2026-11-15&to=2026-12-15&interval=month', '2026-10-01', '2026-11-01', [3, 0]],
  ])('is as long, and ends where the other begins: %s', async (query, first, last, [signups, signupsBefore]) => {
    const { body } = await mine<StatsDto>(`stats${query}&compare=previous`);
    expect([body.previous?.series[0]?.date, body.previous?.series.at(-1)?.date]).toEqual([first, last]);
    expect(body.previous?.series).toHaveLength(body.series.length);
    expect([body.totals.signups, body.previous?.totals.signups]).toEqual([signups, signupsBefore]);
  });

  it('is left out unless asked for', async () => {
    expect(Object.keys((await mine<StatsDto>('stats')).body).sort()).toEqual(['series', 'totals']);
  });
});
