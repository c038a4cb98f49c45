/** failures.md, row 66: nobody chooses the address that clicks, signups and limits go by. */
import type { AffiliateDto } from '../../src/affiliates/affiliate.dto.js';
import type { ClickDto } from '../../src/referrals/clicks/click.dto.js';
import { CodeDirectory } from '../../src/referrals/clicks/code-directory.js';
import { countClicks } from '../../src/referrals/clicks/count-clicks.js';
import { IpHasher } from '../../src/referrals/ip-hasher.js';
import { BROWSER } from '../integration/referrals/visits.js';
import { startTestApp, type TestApp } from '../setup/app.js';

/** Every header by which some proxy or other tells of its client, all with what the client itself wrote. */
const forged = (ip: string): Record<string, string> => ({
  'x-forwarded-for': ip,
  forwarded: `for=${ip}`,
  'x-real-ip': ip,
  'x-client-ip': ip,
  'x-cluster-client-ip': ip,
  'true-client-ip': ip,
  'cf-connecting-ip': ip,
  'fastly-client-ip': ip,
});

const LOOPBACK = '127.0.0.1';

async function withApp(
  env: Record<string, string>,
  test: (api: TestApp, code: string) => Promise<void>,
): Promise<void> {
  const api = await startTestApp({ env });
  try {
    const { body } = await api.request<AffiliateDto>('POST', '/v1/affiliates', { body: { userId: 'a', name: 'Ann' } });
    await test(api, body.code);
  } finally {
    await api.close();
  }
}

/** Whose address was stored: one of the candidates, by its keyed hash. */
async function storedAddresses(api: TestApp, candidates: string[]): Promise<string[]> {
  const hasher = api.app.get(IpHasher);
  const { prisma } = api.database;
  const hashes = [
    ...(await prisma.click.findMany({ orderBy: { id: 'asc' } })).map(({ ipHash }) => ipHash),
    ...(await prisma.affiliateIp.findMany()).map(({ ipHash }) => ipHash),
  ];
  const known = new Map(candidates.map((ip) => [hasher.hash(ip), ip]));
  return hashes.map((hash) => known.get(Buffer.from(hash ?? []).toString('hex')) ?? 'another');
}

/** One visit through the link, one click by the snippet, one look at the dashboard: the ways in which a browser is seen. */
async function browse(api: TestApp, code: string, headers: Record<string, string>): Promise<void> {
  const browser = { ...headers, 'user-agent': BROWSER };
  expect((await api.request('GET', `/r/${code}`, { token: '', headers: browser })).status).toBe(302);
  const snippet = { ...browser, origin: 'https://app.example.com' };
  const click = { code, ip: '6.6.6.6', userAgent: 'forged' };
  expect((await api.request<ClickDto>('POST', '/v1/clicks', { body: click, token: '', headers: snippet })).status).toBe(
    201,
  );
  expect((await api.request('GET', '/v1/me', { token: api.token('affiliate', 'a'), headers })).status).toBe(200);
}

describe('66 · X-Forwarded-For and its like', () => {
  it.each<[title: string, trustProxy: string | null, forwarded: string, seen: string]>([
    ['nobody by default', null, '203.0.113.9', LOOPBACK],
    ['nobody', 'false', '203.0.113.9', LOOPBACK],
    ['no hop', '0', '203.0.113.9', LOOPBACK],
    ['one hop', '1', '203.0.113.9', '203.0.113.9'],
    ['one hop, of what the client wrote before it', '1', '6.6.6.6, 203.0.113.9', '203.0.113.9'],
    ['two hops', '2', '6.6.6.6, 203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['the proxies of a network', '127.0.0.0/8', '203.0.113.9', '203.0.113.9'],
    ['two networks', '127.0.0.1/32, 10.0.0.0/8', '6.6.6.6, 203.0.113.9, 10.0.0.2', '203.0.113.9'],
    ['another network', '10.0.0.0/8', '203.0.113.9', LOOPBACK],
    ['IPv6 as it is', '1', '6.6.6.6, 2001:db8::9', '2001:db8::9'],
    ['a hop that writes ports, too', '1', '6.6.6.6:1, 203.0.113.9:49152', '203.0.113.9'],
    ['a hop that names nobody', '1', '6.6.6.6, unknown', LOOPBACK],
  ])('is believed of %s (TRUST_PROXY=%s, "%s")', async (_title, trustProxy, forwarded, seen) => {
    await withApp(trustProxy === null ? {} : { TRUST_PROXY: trustProxy }, async (api, code) => {
      await browse(api, code, { ...forged('6.6.6.6'), 'x-forwarded-for': forwarded });
      const candidates = [LOOPBACK, '6.6.6.6', '10.0.0.2', '203.0.113.9', '2001:db8::9'];
      expect(await storedAddresses(api, candidates)).toEqual([seen, seen, seen]);
    });
  });

  it('makes one visitor no crowd: ten claims are one unique click and one address', async () => {
    await withApp({}, async (api, code) => {
      for (let i = 1; i <= 10; i++) await browse(api, code, forged(`203.0.113.${i}`));
      await countClicks(api.database.prisma);
      const days = await api.database.prisma.clickDay.findMany();
      expect(days).toMatchObject([{ clicks: 20, uniqueClicks: 1 }]);
      expect(await api.database.prisma.affiliateIp.count()).toBe(1);
    });
  });

  it('buys nobody another minute: guesses, snippets and tokens are limited together, whatever is claimed', async () => {
    await withApp({ RATE_LIMIT_PUBLIC: '3' }, async (api, code) => {
      const snippet = (i: number) =>
        api.request('POST', '/v1/clicks', {
          body: { code },
          token: '',
          headers: { ...forged(`203.0.113.${i}`), origin: 'https://app.example.com', 'user-agent': BROWSER },
        });
      const token = (i: number) =>
        api.request('GET', '/v1/plans', { token: 'guess', headers: forged(`203.0.113.${i}`) });
      const statuses = async (call: (i: number) => Promise<{ status: number }>): Promise<number[]> => {
        const seen: number[] = [];
        for (let i = 1; i <= 4; i++) seen.push((await call(i)).status);
        return seen;
      };
      expect(await statuses(snippet)).toEqual([201, 201, 201, 429]);
      expect(await statuses(token)).toEqual([401, 401, 401, 429]);
      const directory = api.app.get(CodeDirectory);
      const looked: string[] = [];
      const find = directory.find.bind(directory);
      directory.find = (guess) => {
        looked.push(guess);
        return find(guess);
      };
      for (let i = 1; i <= 5; i++)
        await api.request('GET', `/r/GUESS${i}`, { token: '', headers: forged(`203.0.113.${i}`) });
      expect(looked).toEqual(['GUESS1', 'GUESS2', 'GUESS3']);
    });
  });

  it('does not make a self-referral honest', async () => {
    await withApp({}, async (api, code) => {
      await api.request('GET', '/v1/me', { token: api.token('affiliate', 'a'), headers: forged('203.0.113.9') });
      const { body } = await api.request<{ reason: string }>('POST', '/v1/referrals', {
        body: { referredUserId: 'second-account', code, ip: LOOPBACK },
      });
      expect(body).toMatchObject({ attributed: false, reason: 'affiliate_ip_match' });
    });
  });
});
