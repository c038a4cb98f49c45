import type { ErrorBody } from '../../../src/http/error-response.js';
import type { ReviewCaseDto, ReviewCasePageDto } from '../../../src/fraud/review-case.dto.js';
import { ReviewCases } from '../../../src/fraud/review-cases.service.js';
import type { ReviewRuleName } from '../../../src/fraud/review-rules.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals } from '../../setup/host.js';

let api: TestApp;
let first: string;
let second: string;
/** Oldest first. */
const ids: string[] = [];

const open = (affiliateId: string, rule: ReviewRuleName, key = 'k'): Promise<string> =>
  api.database.transaction((tx) =>
    api.app
      .get(ReviewCases)
      .open(tx, { affiliateId, rule, signal: { key, summary: `Found ${key}.`, evidence: { n: 1 } } }),
  );
const list = async (query = ''): Promise<ReviewCasePageDto> =>
  (await api.request<ReviewCasePageDto>('GET', `/v1/review-cases${query}`)).body;
const idsOf = (page: ReviewCasePageDto): string[] => page.data.map(({ id }) => id);

beforeAll(async () => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z' });
  first = (await affiliateWithReferrals(api, 'First', [])).id;
  second = (await affiliateWithReferrals(api, 'Second', [])).id;
  ids.push(await open(first, 'paid_out_of_band'));
  ids.push(await open(first, 'unknown_dispute_status'));
  ids.push(await open(second, 'conversion_rate'));
  await api.database.transaction((tx) =>
    api.app
      .get(ReviewCases)
      .close(tx, ids[0]!, { decision: 'approved', staffUserId: 'stf_1', reason: 'The bank shows it.' }),
  );
});
afterAll(async () => api.close());

describe('GET /v1/review-cases', () => {
  it('lists newest first, page by page', async () => {
    const page = await list('?limit=2');
    expect(idsOf(page)).toEqual([ids[2], ids[1]]);
    const rest = await list(`?limit=2&cursor=${page.nextCursor}`);
    expect([idsOf(rest), rest.nextCursor]).toEqual([[ids[0]], null]);
  });

  it.each([
    ['affiliateId', () => `?affiliateId=${first}`, () => [ids[1], ids[0]]],
    ['status', () => '?status=open', () => [ids[2], ids[1]]],
    ['rule', () => '?rule=conversion_rate', () => [ids[2]]],
    ['all of them', () => `?affiliateId=${first}&status=approved&rule=paid_out_of_band`, () => [ids[0]]],
    ['an affiliate that does not exist', () => '?affiliateId=aff_none', () => []],
  ])('filters by %s', async (_title, query, expected) => {
    expect(idsOf(await list(query()))).toEqual(expected());
  });

  it.each(['?status=closed', '?rule=nonsense', '?affiliateId=', '?limit=101', '?subject=x'])(
    'refuses %s',
    async (query) => {
      expect((await api.request('GET', `/v1/review-cases${query}`)).status).toBe(400);
    },
  );

  it('shows the newest hundred signals of a case and says how many there are', async () => {
    for (let i = 0; i < 101; i++) {
      api.clock.advance(1000);
      await open(second, 'paid_out_of_band', `in_${i}`);
    }
    const [found] = (await list(`?affiliateId=${second}&rule=paid_out_of_band`)).data;
    expect([found?.signalCount, found?.signals.length, found?.signals[0]?.key]).toEqual([101, 100, 'in_100']);
  });
});

describe('GET /v1/review-cases/:id', () => {
  it('shows the case with question, evidence and decision', async () => {
    const { status, body } = await api.request<ReviewCaseDto>('GET', `/v1/review-cases/${ids[0]}`);
    expect([status, body]).toEqual([
      200,
      {
        id: ids[0],
        affiliateId: first,
        rule: 'paid_out_of_band',
        question:
          'An invoice was paid outside Stripe, where nobody can see the money: accept it, so that it earns, or approve the case without?',
        holds: false,
        status: 'approved',
        openedAt: '2026-11-20T12:00:00.000Z',
        closedAt: '2026-11-20T12:00:00.000Z',
        decidedBy: 'stf_1',
        reason: 'The bank shows it.',
        signals: [
          {
            key: 'k',
            summary: 'Found k.',
            evidence: { n: 1 },
            subject: null,
            referralId: null,
            foundAt: '2026-11-20T12:00:00.000Z',
          },
        ],
        signalCount: 1,
      },
    ]);
  });

  it('says that there is none', async () => {
    const { status, body } = await api.request<ErrorBody>('GET', '/v1/review-cases/case_none');
    expect([status, body.error.code]).toEqual([404, 'review_case_not_found']);
  });
});
