import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startTestApp, type TestApp } from '../setup/app.js';
import { createTestDatabase, type TestDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { processEnv, startServerProcess, type ServerProcess } from '../setup/processes.js';
import { Traffic } from '../setup/traffic.js';
import { expectNothingLost } from '../setup/traffic-books.js';
import { callAs } from '../setup/panel.js';
import { createStaff } from '../setup/staff.js';
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
/** What staff look at meanwhile: the page itself, the start page's figures, and lists. */
const PANEL_PATHS = [
  '',
  '/api/dashboard',
  '/api/resources/affiliates/actions/list',
  '/api/resources/commissions/actions/list',
].map((path) => `/admin${path}`);

/** What is held after the first third, when all pools are full, and at the end: requests come and go meanwhile. */
const FLAT_WITHIN = 1.1;
/** What docs/operations/sizing.md tells operators to allow. */
const RESIDENT_MAX_MB = 512;
const MB = 2 ** 20;

/** What the server's own metrics say of its memory, in megabytes, of how long it could not listen, and of who is connected. */
const FIGURES = {
  resident: 'process_resident_memory_bytes',
  heapUsed: 'nodejs_heap_size_used_bytes',
  heap: 'nodejs_heap_size_total_bytes',
  external: 'nodejs_external_memory_bytes',
  lagMs: 'nodejs_eventloop_lag_max_seconds',
  connections: 'fairshare_http_connections',
};

/** Of those that are no megabytes. */
const SCALES: Record<string, number> = { lagMs: 1_000, connections: 1 };

type Sample = Record<keyof typeof FIGURES, number>;

describe('far more load than the machine can carry', () => {
  let database: TestDatabase;
  /** Looks on. */
  let api: TestApp;
  let server: ServerProcess;
  let traffic: Traffic;
  // By this name the teardown of a later run removes what an interrupted one has left.
  const folder = mkdtempSync(join(tmpdir(), `fairshare-test-${process.pid}-`));
  const probeFile = join(folder, 'memory');

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await startTestApp({ databaseUrl: database.url, now: new Date(), background: false });
    server = await startServerProcess(
      processEnv(database, api.stripe, {
        ADMIN_ENABLED: 'true',
        RATE_LIMIT_HOST: '100000000',
        NODE_OPTIONS: `--import ${join(import.meta.dirname, 'memory-probe.mjs')}`,
        MEMORY_PROBE_FILE: probeFile,
      }),
    );
  });
  afterAll(async () => {
    await traffic.stop();
    await server.end('SIGKILL');
    await api.close();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`is refused in part, and leaves memory flat for ${SECONDS} s`, async () => {
    const codes = await Promise.all(Array.from({ length: AFFILIATES }, async () => (await createAffiliate(api)).code));
    const idle = await sample(server);
    await createStaff(api, 'viewer', 'viewer');
    const { cookie } = await callAs(server.url, 'viewer');
    const live = startProbe(server, ['/health/live']);
    const staff = startProbe(server, PANEL_PATHS, cookie);
    traffic = new Traffic({ urls: () => [server.url], codes, ...CROWD });
    const samples: Sample[][] = [];
    /** In each third, what is left at its end once all garbage is collected. */
    const heldMb: number[] = [];
    for (let third = 1; third <= 3; third++) {
      samples.push(await sampleFor(SECONDS / 3));
      heldMb.push(await collect());
    }
    const [liveAnswers, staffAnswers] = [live.stop(), staff.stop()];
    await traffic.stop();

    const peaks = samples.map(highest);
    const tally = Object.fromEntries([...traffic.tally].sort());
    const figures = { seconds: SECONDS, idle, peaks, heldMb, live: liveAnswers, staff: staffAnswers, tally };
    process.stderr.write(`${JSON.stringify(figures)}\n`);

    // Every visitor is sent on; the others are told to come back, or get what they came for.
    expect(Object.keys(tally).filter((what) => what.startsWith('visit ') && !VISITS.includes(what))).toEqual([]);
    expect(traffic.count('visit broken')).toBeLessThan(traffic.count('visit 302') * GIVEN_UP_SHARE_MAX);
    expect(traffic.count('signup 503')).toBeGreaterThan(0);
    expect(traffic.count('signup 201')).toBeGreaterThan(SECONDS);
    expect([liveAnswers.statuses, staffAnswers.statuses]).toEqual([[200], [200]]);
    const [early = NaN, , late] = heldMb;
    expect(late).toBeLessThan(early * FLAT_WITHIN);
    expect(highest(peaks).resident).toBeLessThan(RESIDENT_MAX_MB);

    await expectNothingLost(api, traffic, SETTLED_WITHIN_MS);
    expect(await server.end()).toBe(0);
  });

  async function sampleFor(seconds: number): Promise<Sample[]> {
    const samples: Sample[] = [];
    const endsAtMs = performance.now() + seconds * 1_000;
    while (performance.now() < endsAtMs) {
      samples.push(await sample(server));
      await pause(SAMPLE_EVERY_MS);
    }
    return samples;
  }

  /** What the server holds once all garbage is collected, see memory-probe.mjs. */
  async function collect(): Promise<number> {
    const lines = (): string[] => (existsSync(probeFile) ? readFileSync(probeFile, 'utf8').trimEnd().split('\n') : []);
    const before = lines().length;
    server.process.signal('SIGUSR2');
    await eventually(async () => expect(await Promise.resolve(lines().length)).toBe(before + 1));
    const { heapUsed, external } = JSON.parse(lines().at(-1) ?? '') as { heapUsed: number; external: number };
    return Math.round((heapUsed + external) / MB);
  }
});

async function sample({ url }: ServerProcess): Promise<Sample> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const read = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  const figures = Object.entries(FIGURES).map(([label, name]) => [
    label,
    Math.round(read(name) * (SCALES[label] ?? 1 / MB)),
  ]);
  return Object.fromEntries(figures) as Sample;
}

/** Asks from the first to the last moment. */
function startProbe(
  { url }: ServerProcess,
  paths: string[],
  cookie = '',
): { stop(): { statuses: (number | string)[]; answers: number; medianMs: number; slowestMs: number } } {
  const answers: { ms: number; status: number | string }[] = [];
  const probe = fork(join(import.meta.dirname, 'probe.mjs'), [cookie, ...paths.map((path) => url + path)], {
    execArgv: [],
  });
  probe.on('message', (answer) => answers.push(answer as (typeof answers)[number]));
  return {
    stop: () => {
      probe.kill();
      const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
      return {
        statuses: [...new Set(answers.map(({ status }) => status))],
        answers: answers.length,
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
