import { affiliates, promotionCodes } from '../../../src/admin/resources/people.js';
import { ResourceReader } from '../../../src/admin/resources/resource-reader.js';
import { startTestApp, type TestApp } from '../../setup/app.js';

const NAMES = ['Joanna Smith-Miller', 'John O’Brien', 'Smitha Jones', 'Zoë van der Berg', '100% Deals_Inc'];

describe('the panel finds', () => {
  let api: TestApp;
  const ids = new Map<string, string>();

  beforeAll(async () => {
    api = await startTestApp({ background: false });
    for (const [index, name] of NAMES.entries()) {
      const body = { userId: `user-${index}`, name, email: `Person${index}@Example.com`, code: `CODE-${index}` };
      const made = await api.request<{ id: string }>('POST', '/v1/affiliates', { body });
      ids.set(name, made.body.id);
    }
  });
  afterAll(() => api.close());

  const reader = (): ResourceReader => new ResourceReader(api.database);
  const called = async (name: string): Promise<unknown[]> => {
    const rows = await reader().page(affiliates, { filters: { name }, offset: 0, limit: 10 });
    expect(await reader().count(affiliates, { name })).toBe(rows.length);
    return rows.map((row) => row['name']).sort();
  };

  it.each([
    ['smi', ['Joanna Smith-Miller', 'Smitha Jones']],
    ['jo SMI', ['Joanna Smith-Miller', 'Smitha Jones']],
    ['smith mill', ['Joanna Smith-Miller']],
    ['Smith-Mi', ['Joanna Smith-Miller']],
    ['o’brien', ['John O’Brien']],
    ['zoë ber', ['Zoë van der Berg']],
    ['100%', ['100% Deals_Inc']],
    ['mith', []],
    ['nobody', []],
    ["' | 'smi", ['Joanna Smith-Miller', 'Smitha Jones']],
    ['& ! ( :*', []],
  ])('affiliates whose names have words that begin with those of "%s"', async (typed, expected) => {
    expect(await called(typed)).toEqual(expected);
  });

  it('affiliates by their e-mail address, code, and either id, whatever its case where that says nothing', async () => {
    const john = 'John O’Brien';
    for (const typed of ['person1@example.com', 'code-1', 'user-1', ids.get(john) ?? '']) {
      expect([typed, await called(typed)]).toEqual([typed, [john]]);
    }
    expect(await called('person1')).toEqual([]);
  });

  it('promotion codes by how they begin, also where that looks like a pattern', async () => {
    const affiliateId = ids.get('Smitha Jones') ?? '';
    const codes = ['SUMMER20', 'SUM_1', 'WINTER'];
    await api.database.prisma.promotionCode.createMany({
      data: codes.map((code, index) => ({
        id: `prm_${index}`,
        affiliateId,
        stripePromotionCodeId: `promo_${index}`,
        code,
        createdAt: api.clock.now(),
      })),
    });
    const found = async (code: string): Promise<unknown[]> =>
      (await reader().page(promotionCodes, { filters: { code }, offset: 0, limit: 10 })).map((row) => row['code']);
    expect(await found('sum')).toEqual(['SUM_1', 'SUMMER20']);
    expect(await found('sum_')).toEqual(['SUM_1']);
    expect(await found('%')).toEqual([]);
    expect(await found('UMMER')).toEqual([]);
  });
});
