import { fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startTestApp, type TestApp } from '../setup/app.js';
import { createTestDatabase, type TestDatabase } from '../setup/database.js';
import { processEnv, startServerProcess, type ServerProcess } from '../setup/processes.js';
import { Traffic } from '../setup/traffic.js';
import { expectNothingLost } from '../setup/traffic-books.js';
import { createAffiliate } from '../integration/referrals/visits.js';

const SECONDS = Number(process.env['STRESS_SECONDS'] ?? 60);
const SAMPLE_EVERY_MS = 1_000;
/** Several times what is taken on at once, by callers who pause for a second at most when they are told to come back. */
const CROWD = { visitors: 200, customers: 1_500, pauseMs: 1 };
const AFFILIATES = 50;
const VISITS = ['visit 302', 'visit not recorded', 'visit broken'];
/** Node takes one new connection in each turn of its loop, so of the first ones some give up before their turn. */
const GIVEN_UP_SHARE_MAX = 0.01;
const SETTLED_WITHIN_MS = 300_000;

/** Between the second and the last third, when all caches and pools are full: the garbage collector's noise. */
const FLAT_WITHIN = 1.15;
const RESIDENT_MAX_MB = 500;

/** What the server's own metrics say of its memory, in megabytes, and of how long it could not listen. */
const FIGURES = {
  resident: 'process_resident_memory_bytes',
  heapUsed: 'nodejs_heap_size_used_bytes',
  heap: 'nodejs_heap_size_total_bytes',
  external: 'nodejs_external_memory_bytes',
  lagMs: 'nodejs_eventloop_lag_max_seconds',
};

type Sample = Record<keyof typeof FIGURES, number>;

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
    const idle = await sample(server);
    const live = startLiveProbe(server);
    traffic = new Traffic({ urls: () => [server.url], codes, ...CROWD });
    const samples: Sample[] = [];
    const endsAtMs = performance.now() + SECONDS * 1_000;
    while (performance.now() < endsAtMs) {
      samples.push(await sample(server));
      await pause(SAMPLE_EVERY_MS);
    }
    const { statuses, medianMs, slowestMs } = live.stop();
    await traffic.stop();

    const peaks = thirds(samples).map(highest);
    const tally = Object.fromEntries([...traffic.tally].sort());
    const figures = { seconds: SECONDS, idle, peaks, live: { statuses, medianMs, slowestMs }, tally };
    process.stderr.write(`${JSON.stringify(figures)}\n`);

    // Every visitor is sent on; the others are told to come back, or get what they came for.
    expect(Object.keys(tally).filter((what) => what.startsWith('visit ') && !VISITS.includes(what))).toEqual([]);
    expect(traffic.count('visit broken')).toBeLessThan(traffic.count('visit 302') * GIVEN_UP_SHARE_MAX);
    expect(traffic.count('signup 503')).toBeGreaterThan(0);
    expect(traffic.count('signup 201')).toBeGreaterThan(SECONDS);
    expect(statuses).toEqual([200]);
    const [, middle, late] = peaks.map(({ resident }) => resident);
    expect(late).toBeLessThan(middle! * FLAT_WITHIN);
    expect(highest(samples).resident).toBeLessThan(RESIDENT_MAX_MB);

    await expectNothingLost(api, traffic, SETTLED_WITHIN_MS);
    expect(await server.end()).toBe(0);
  });
});

async function sample({ url }: ServerProcess): Promise<Sample> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const read = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  const figures = Object.entries(FIGURES).map(([label, name]) => [
    label,
    Math.round(label === 'lagMs' ? read(name) * 1_000 : read(name) / 2 ** 20),
  ]);
  return Object.fromEntries(figures) as Sample;
}

/** Asks from the first to the last moment. */
function startLiveProbe({ url }: ServerProcess): {
  stop(): { statuses: (number | string)[]; medianMs: number; slowestMs: number };
} {
  const answers: { ms: number; status: number | string }[] = [];
  const probe = fork(join(import.meta.dirname, 'live-probe.mjs'), [url], { execArgv: [] });
  probe.on('message', (answer) => answers.push(answer as (typeof answers)[number]));
  return {
    stop: () => {
      probe.kill();
      const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
      return {
        statuses: [...new Set(answers.map(({ status }) => status))],
        medianMs: times[times.length >> 1] ?? NaN,
        slowestMs: times.at(-1) ?? NaN,
      };
    },
  };
}

function highest(samples: Sample[]): Sample {
  const labels = Object.keys(FIGURES) as (keyof Sample)[];
  return Object.fromEntries(labels.map((label) => [label, Math.max(...samples.map((one) => one[label]))])) as Sample;
}

function thirds<T>(items: T[]): T[][] {
  const size = Math.ceil(items.length / 3);
  return [0, 1, 2].map((n) => items.slice(n * size, (n + 1) * size));
}
