import { createSecretKey } from 'node:crypto';
import { Agent, get } from 'node:http';
import jwt from 'jsonwebtoken';
import { DEMO } from '../../src/config/config.js';
import { report } from '../harness/worker.js';

/** After so many each, the servers' code is compiled, and each of their connections has planned what it is asked. */
const WARM_UPS = 300;
const READS_OF_BLOCK = 200;

const PATHS = {
  overview: '/v1/me/overview',
  balance: '/v1/me/balance',
  commissions: '/v1/me/commissions',
  'commissions, state=paid': '/v1/me/commissions?state=paid',
  'commissions, to=2025-06-30': '/v1/me/commissions?to=2025-06-30',
  'commissions, state=reversed': '/v1/me/commissions?state=reversed',
  'commissions, state=held (none)': '/v1/me/commissions?state=held',
  'commissions, state=in_payout (none)': '/v1/me/commissions?state=in_payout',
  referrals: '/v1/me/referrals',
  'referrals, status=churned (none)': '/v1/me/referrals?status=churned',
  payouts: '/v1/me/payouts',
  refusals: '/v1/me/attribution-decisions',
  'stats, 30 days, compared': '/v1/me/stats?compare=previous',
} as const;

/**
 * Asks two servers, one after the other, what an affiliate's page asks: read by read, so that whatever else the machine
 * does meanwhile falls upon both alike, in blocks of each path, so that it falls upon all paths.
 */
const [few = '', many = '', blocks = ''] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });
const expiresAt = Math.floor(Date.now() / 1000) + 3600;
const token = jwt.sign(
  { sub: 'user-1', scope: 'affiliate', aud: 'fairshare', exp: expiresAt },
  createSecretKey(Buffer.from(DEMO.jwtSecret)),
);

function read(port: string, path: string): Promise<number> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    get({ host: '127.0.0.1', port, path, agent, headers }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`${path} answered ${answer.statusCode}`));
      answer.resume();
      answer.once('end', () => resolve(performance.now() - startedMs));
    }).once('error', reject);
  });
}

/** Whoever was first is second the next time. */
async function readInTurns(path: string, reads: number): Promise<{ few: number[]; many: number[] }> {
  const times: { few: number[]; many: number[] } = { few: [], many: [] };
  for (let n = 0; n < reads; n++) {
    const turns = n % 2 === 0 ? (['few', 'many'] as const) : (['many', 'few'] as const);
    for (const size of turns) times[size].push(await read(size === 'few' ? few : many, path));
  }
  return times;
}

function percentile(times: number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}

for (const path of Object.values(PATHS)) await readInTurns(path, WARM_UPS);
const all = Object.entries(PATHS).map(([name, path]) => ({ name, path, few: [] as number[], many: [] as number[] }));
for (let block = 0; block < Number(blocks); block++) {
  for (const times of all) {
    const found = await readInTurns(times.path, READS_OF_BLOCK);
    times.few.push(...found.few);
    times.many.push(...found.many);
  }
}
agent.destroy();
report(
  Object.fromEntries(
    all.flatMap((times) =>
      (['few', 'many'] as const).flatMap((size) => [
        [`${times.name}, ${size}, p50`, percentile(times[size], 0.5)],
        [`${times.name}, ${size}, p99`, percentile(times[size], 0.99)],
      ]),
    ),
  ),
);
process.disconnect();
