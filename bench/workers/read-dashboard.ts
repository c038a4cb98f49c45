import { createSecretKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { startService } from '../../src/bootstrap.js';
import { SystemClock } from '../../src/common/clock.js';
import { DEMO, readConfig } from '../../src/config/config.js';
import { report } from '../harness/worker.js';

const WARM_UPS = 30;
const READS = 300;

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

/** Asks the service, in a process of its own, what an affiliate's page asks, over HTTP and one by one. */
const service = await startService({
  config: readConfig({ ...process.env, PORT: '0', ADMIN_ENABLED: 'false' }),
  log: 'warn',
});
const expiresAt = Math.floor(new SystemClock().now().getTime() / 1000) + 3600;
const token = jwt.sign(
  { sub: 'user-1', scope: 'affiliate', aud: 'fairshare', exp: expiresAt },
  createSecretKey(Buffer.from(DEMO.jwtSecret)),
);

async function read(path: string): Promise<number> {
  const startedMs = performance.now();
  const answer = await fetch(service.url + path, { headers: { authorization: `Bearer ${token}` } });
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
  return performance.now() - startedMs;
}

const figures: Record<string, number> = {};
for (const [name, path] of Object.entries(PATHS)) {
  for (let n = 0; n < WARM_UPS; n++) await read(path);
  const times: number[] = [];
  for (let n = 0; n < READS; n++) times.push(await read(path));
  times.sort((a, b) => a - b);
  figures[`${name} p50`] = times[Math.floor(READS * 0.5)] ?? 0;
  figures[`${name} p99`] = times[Math.floor(READS * 0.99)] ?? 0;
}
report(figures);
await service.close();
