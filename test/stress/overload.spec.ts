import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { startTestApp, type TestApp } from '../setup/app.js';
import { createTestDatabase, type TestDatabase } from '../setup/database.js';
import { processEnv, startServerProcess, type ServerProcess } from '../setup/processes.js';
import { Traffic } from '../setup/traffic.js';
import { expectNothingLost } from '../setup/traffic-books.js';
import { createAffiliate } from '../integration/referrals/visits.js';

const SECONDS = Number(process.env['STRESS_SECONDS'] ?? 60);
const SAMPLE_EVERY_MS = 500;
/** Several times what is taken on at once, by callers who pause for a second at most when they are told to come back. */
const CROWD = { visitors: 500, customers: 2_000, pauseMs: 1 };
const AFFILIATES = 50;
const SETTLED_WITHIN_MS = 300_000;

/** What is noise of the garbage collector: a leak, or a queue that grows, is far beyond it within a minute. */
const FLAT_WITHIN = 1.25;
const RESIDENT_MAX_MB = 500;

interface Sample {
  residentMb: number;
  /** How long GET /health/live took; null when it was not answered 200. */
  liveMs: number | null;
}

describe('far more load than the machine can carry', () => {
  let database: TestDatabase;
  /** Looks on. */
  let api: TestApp;
  let server: ServerProcess;
  let traffic: Traffic;

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await startTestApp({ databaseUrl: database.url, now: new Date(), background: false });
    server = await startServerProcess(processEnv(database, api.stripe, { RATE_LIMIT_HOST: '100000000' }));
  });
  afterAll(async () => {
    await traffic.stop();
    await server.end('SIGKILL');
    await api.close();
    await database.drop();
  });

  it(`is refused in part, and leaves memory flat for ${SECONDS} s`, async () => {
    const codes = await Promise.all(Array.from({ length: AFFILIATES }, async () => (await createAffiliate(api)).code));
    const idle = residentMb(server);
    traffic = new Traffic({ urls: () => [server.url], codes, ...CROWD });
    const samples: Sample[] = [];
    const endsAtMs = performance.now() + SECONDS * 1_000;
    while (performance.now() < endsAtMs) {
      samples.push({ residentMb: residentMb(server), liveMs: await timeToLive(server) });
      await pause(SAMPLE_EVERY_MS);
    }
    await traffic.stop();

    const tally = Object.fromEntries([...traffic.tally].sort());
    const peaks = thirds(samples).map((part) => Math.max(...part.map(({ residentMb: mb }) => mb)));
    const live = samples.map(({ liveMs }) => liveMs ?? NaN).sort((a, b) => a - b);
    const livesMs = { median: live[live.length >> 1], slowest: live.at(-1) };
    process.stderr.write(`${JSON.stringify({ seconds: SECONDS, idleMb: idle, peakMb: peaks, livesMs, tally })}\n`);

    // Every visitor is sent on, everybody else may be told to come back, and nobody is told anything else.
    const told = [...traffic.tally.keys()].filter((what) => !what.endsWith('broken'));
    const known = ['visit 302', 'visit not recorded', 'signup 201', 'signup 503', 'webhook 200', 'webhook 503'];
    expect(told.filter((what) => !known.includes(what))).toEqual([]);
    expect(traffic.count('signup 503')).toBeGreaterThan(traffic.count('signup 201'));
    expect(live).not.toContain(NaN);
    const [early = 0, ...later] = peaks;
    for (const peak of later) expect(peak).toBeLessThan(early * FLAT_WITHIN);
    expect(Math.max(...peaks)).toBeLessThan(RESIDENT_MAX_MB);

    await expectNothingLost(api, traffic, SETTLED_WITHIN_MS);
    expect(await server.end()).toBe(0);
  });
});

function residentMb({ process: { pid } }: ServerProcess): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}

async function timeToLive({ url }: ServerProcess): Promise<number | null> {
  const askedAtMs = performance.now();
  const { ok } = await fetch(`${url}/health/live`);
  return ok ? Math.round(performance.now() - askedAtMs) : null;
}

function thirds<T>(items: T[]): T[][] {
  const size = Math.ceil(items.length / 3);
  return [0, 1, 2].map((n) => items.slice(n * size, (n + 1) * size));
}
