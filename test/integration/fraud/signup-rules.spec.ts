import { startTestApp, type TestApp } from '../../setup/app.js';
import { RuleWorld } from './rule-world.js';

let api: TestApp;
let world: RuleWorld;

beforeAll(async () => {
  api = await startTestApp({ now: '2026-11-20T12:30:00Z' });
  world = new RuleWorld(api);
});
beforeEach(async () => world.clear());
afterAll(async () => api.close());

describe('the same e-mail', () => {
  it.each<[string, string, string, boolean]>([
    ['the very same', 'mary@acme.io', 'mary@acme.io', true],
    ['another case', 'mary@acme.io', 'Mary@ACME.io', true],
    ['a +tag', 'mary@acme.io', 'mary+2@acme.io', true],
    ['dots where the provider minds them', 'maryjane@acme.io', 'mary.jane@acme.io', true],
    ["Gmail's other name", 'mary@gmail.com', 'm.a.r.y@googlemail.com', true],
    ['another mailbox', 'mary@acme.io', 'marie@acme.io', false],
    ['another domain', 'mary@acme.io', 'mary@acme.com', false],
    ['a dot in the domain', 'mary@acme.io', 'mary@ac.me.io', false],
  ])('of two customers: %s', async (_title, firstEmail, secondEmail, isHit) => {
    const first = await world.affiliate('first');
    const second = await world.affiliate('second');
    const earlier = await world.signup(first, firstEmail);
    const later = await world.signup(second, secondEmail);
    const hits = await world.hits('same_email');
    // The later one is asked about, wherever it signed up.
    expect([...hits.keys()]).toEqual(isHit ? ['second'] : []);
    if (!isHit) return;
    const [hit] = hits.get('second')!;
    expect(hit).toMatchObject({ key: later, referral_id: later, subject: earlier });
    expect(world.sentence('same_email', hit!)).toContain(`${earlier}, a referral of ${first}`);
  });

  it.each<[string, string, boolean]>([
    ["another affiliate's", 'jane@shop.dev', true],
    ["another affiliate's with dots and a tag", 'j.a.n.e+x@shop.dev', true],
    ["the affiliate's own with a dot that normalising keeps", 'jo.hn@own.dev', true],
    ['nobody’s', 'janet@shop.dev', false],
  ])('as an affiliate: %s', async (_title, email, isHit) => {
    await world.affiliate('other', { email: 'jane@shop.dev' });
    const affiliateId = await world.affiliate('one', { email: 'john@own.dev' });
    await world.signup(affiliateId, email);
    expect(await world.hitsOf('same_email', affiliateId)).toHaveLength(isHit ? 1 : 0);
  });

  it('is told of each customer once, with the first who had it', async () => {
    const affiliateId = await world.affiliate('one');
    const first = await world.signup(affiliateId, 'mary@acme.io');
    const others = [
      await world.signup(affiliateId, 'mary+1@acme.io'),
      await world.signup(affiliateId, 'mary+2@acme.io'),
    ];
    const hits = await world.hitsOf('same_email', affiliateId);
    expect(hits.map(({ key, subject }) => [key, subject]).sort()).toEqual(others.map((id) => [id, first]).sort());
  });

  it('keeps no e-mail, and nothing that can be worked out without the key', async () => {
    const affiliateId = await world.affiliate('one');
    await world.signup(affiliateId, 'mary@gmail.com');
    const [row] = await api.database.prisma.referralEmail.findMany();
    expect(Buffer.from(row!.emailHash).toString('latin1')).not.toContain('mary');
    expect([row!.emailHash.length, row!.domain]).toEqual([16, null]);
  });
});

describe('the same domain', () => {
  it.each<[string, string | undefined, string, boolean]>([
    ["the affiliate's own domain", 'john@own.dev', 'mary@own.dev', true],
    ['in another case', 'john@own.dev', 'mary@OWN.dev', true],
    ['another domain', 'john@own.dev', 'mary@other.dev', false],
    ['a subdomain', 'john@own.dev', 'mary@mail.own.dev', false],
    ['a public provider', 'john@gmail.com', 'mary@gmail.com', false],
    ['another public provider', 'john@yahoo.de', 'mary@yahoo.de', false],
    ['an affiliate without an e-mail', undefined, 'mary@own.dev', false],
  ])('%s', async (_title, own, customers, isHit) => {
    const affiliateId = await world.affiliate('one', { email: own });
    const referralId = await world.signup(affiliateId, customers);
    const hits = await world.hitsOf('same_email_domain', affiliateId);
    expect(hits).toMatchObject(isHit ? [{ key: referralId, referral_id: referralId, subject: 'own.dev' }] : []);
    if (isHit) expect(world.sentence('same_email_domain', hits[0]!)).toContain('own.dev');
  });
});

describe('the velocity of signups', () => {
  it.each<[string, hours: [hoursAgo: number, signups: number][], isHit: boolean]>([
    ['nine within an hour', [[1, 9]], false],
    ['ten within an hour, and none before', [[1, 10]], true],
    [
      'ten over two hours',
      [
        [1, 5],
        [2, 5],
      ],
      false,
    ],
    [
      'three times the busiest hour before',
      [
        [1, 30],
        [100, 10],
      ],
      false,
    ],
    [
      'more than three times the busiest hour before',
      [
        [1, 31],
        [100, 10],
        [200, 4],
      ],
      true,
    ],
    [
      'a busier past, but longer ago than a month',
      [
        [1, 31],
        [24 * 32, 100],
      ],
      true,
    ],
    ['a burst that is over since three days', [[72, 50]], false],
    [
      'steady growth',
      [
        [1, 20],
        [2, 15],
        [3, 10],
        [26, 7],
      ],
      false,
    ],
  ])('%s', async (_title, hours, isHit) => {
    const affiliateId = await world.affiliate('one');
    for (const [hoursAgo, signups] of hours) await world.referrals(affiliateId, signups, { hoursAgo });
    expect([...(await world.hits('signup_velocity')).keys()]).toEqual(isHit ? ['one'] : []);
  });

  it('names the hour and the past, and is its own finding each hour', async () => {
    const affiliateId = await world.affiliate('one');
    await world.referrals(affiliateId, 2, { hoursAgo: 20 });
    await world.referrals(affiliateId, 16, { hoursAgo: 1 });
    const [hit] = await world.hitsOf('signup_velocity', affiliateId);
    expect(hit).toMatchObject({ key: '2026-11-20T11', level: 4, subject: null, referral_id: null });
    expect(world.sentence('signup_velocity', hit!)).toBe(
      '16 customers signed up within the hour from 2026-11-20T11:00:00Z; the busiest hour of the 30 days before had 2.',
    );
  });

  it('takes other thresholds', async () => {
    const affiliateId = await world.affiliate('one');
    await world.referrals(affiliateId, 4, { hoursAgo: 1 });
    await world.referrals(affiliateId, 2, { hoursAgo: 9 });
    const hitsAt = (thresholds: Record<string, number>) => world.hitsOf('signup_velocity', affiliateId, thresholds);
    expect(await hitsAt({ minSignups: 4, maxTimesBusiestHour: 2 })).toHaveLength(0);
    expect(await hitsAt({ minSignups: 4, maxTimesBusiestHour: 1 })).toHaveLength(1);
  });
});

describe('paid search', () => {
  it.each<[string, string | undefined, string | null]>([
    ['gclid', 'https://app.example.com/?ref=JOHN&gclid=Cj0', 'gclid'],
    ['as the first parameter', 'https://app.example.com/?gclid=Cj0', 'gclid'],
    ['msclkid', 'https://app.example.com/?a=1&msclkid=1', 'msclkid'],
    ['fbclid', 'https://app.example.com/?fbclid=1', 'fbclid'],
    ['upper case', 'https://app.example.com/?GCLID=1', 'gclid'],
    ['nothing of it', 'https://app.example.com/?ref=JOHN&utm_source=google', null],
    ['a parameter that only ends like it', 'https://app.example.com/?notgclid=1', null],
    ['the word in the path', 'https://app.example.com/gclid=1', null],
    ['no address', undefined, null],
  ])('%s', async (_title, url, adClickId) => {
    const affiliateId = await world.affiliate('one');
    const clickId = await world.click(affiliateId, { url });
    const [referralId] = await world.referrals(affiliateId, 1, { clickId });
    const hits = await world.hitsOf('paid_search_click', affiliateId);
    expect(hits).toMatchObject(
      adClickId === null
        ? []
        : [{ key: referralId, subject: adClickId, referral_id: referralId, evidence: { clickId, adClickId } }],
    );
  });

  it('leaves social networks out where that is set', async () => {
    const affiliateId = await world.affiliate('one');
    const clickId = await world.click(affiliateId, { url: 'https://app.example.com/?fbclid=1' });
    await world.referrals(affiliateId, 1, { clickId });
    expect(await world.hitsOf('paid_search_click', affiliateId, { countSocial: 0 })).toEqual([]);
  });

  it('is seen in the referral link itself, which keeps its address only then', async () => {
    const { body: affiliate } = await api.request<{ code: string; id: string }>('POST', '/v1/affiliates', {
      body: { userId: 'u', name: 'Ad Buyer' },
    });
    const follow = (query: string) =>
      api.request('GET', `/r/${affiliate.code}${query}`, {
        token: '',
        headers: { 'user-agent': 'Mozilla/5.0 Firefox/140' },
      });
    await follow('?sub=a');
    await follow('?gclid=Cj0&sub=b');
    const clicks = await api.database.prisma.click.findMany({ orderBy: { id: 'asc' }, select: { url: true } });
    expect(clicks.map(({ url }) => url)).toEqual([null, `http://localhost:3000/r/${affiliate.code}?gclid=Cj0&sub=b`]);
  });
});

describe('clicks like those of a program', () => {
  it.each<[string, [clicks: number, Parameters<RuleWorld['clicks']>[2]][], string[]]>([
    ['a hundred from one address', [[100, { ip: 'a' }]], ['one_address']],
    ['ninety-nine from one address', [[99, { ip: 'a' }]], []],
    [
      'a hundred from one address, of many more',
      [
        [100, { ip: 'a' }],
        [101, {}],
      ],
      [],
    ],
    [
      'half of them from one address',
      [
        [100, { ip: 'a' }],
        [100, {}],
      ],
      ['one_address'],
    ],
    [
      'a hundred from as many addresses',
      Array.from({ length: 100 }, (_, i): [number, object] => [1, { ip: `ip${i}` }]),
      [],
    ],
    [
      'changing browsers at one address',
      [
        [50, { ip: 'a', userAgent: 'A' }],
        [50, { ip: 'a', userAgent: 'B' }],
      ],
      ['one_address'],
    ],
    ['a hundred without a user agent', [[100, { userAgent: null }]], ['no_user_agent']],
    ['both', [[100, { ip: 'a', userAgent: null }]], ['no_user_agent', 'one_address']],
    ['what the host reports', [[500, { ip: 'a', userAgent: null, source: 'host' }]], []],
    ['two days ago', [[500, { ip: 'a', hoursAgo: 48 }]], []],
    ['yesterday', [[500, { ip: 'a', hoursAgo: 20 }]], ['one_address']],
  ])('%s', async (_title, groups, patterns) => {
    const affiliateId = await world.affiliate('one');
    for (const [clicks, facts] of groups) await world.clicks(affiliateId, clicks, facts);
    const hits = (await world.hits('bot_clicks')).get('one') ?? [];
    expect(hits.map(({ key }) => key.split(':')[0]).sort()).toEqual(patterns);
  });

  it('are said in a sentence without the address', async () => {
    const affiliateId = await world.affiliate('one');
    await world.clicks(affiliateId, 120, { ip: 'a' });
    const [hit] = await world.hitsOf('bot_clicks', affiliateId);
    expect(hit).toMatchObject({ key: 'one_address:2026-11-20', level: 6 });
    expect(world.sentence('bot_clicks', hit!)).toBe('On 2026-11-20, 120 of 120 clicks came from one address.');
  });
});
