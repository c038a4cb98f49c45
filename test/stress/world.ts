import { randomUUID } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { PayoutRunsService } from '../../src/payouts/runs/payout-runs.service.js';
import { SendingHaltedError } from '../../src/payouts/sending/sending-halted.error.js';
import { StripeEmulator } from '../../src/stripe/emulator/index.js';
import { FakeClock, startTestApp, type TestApp } from '../setup/app.js';
import type { TestDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { freePort } from '../setup/free-port.js';
import { processEnv, startProcess, type ProductProcess } from '../setup/processes.js';
import type { Person } from './population.js';
import { StripeLine } from './stripe-line.js';
import type { Town } from './town.js';

export const PERIOD = '2027-03';
/** How long the one who finishes waits after each look, again and again. */
const PAUSES_MS = [1, 16, 7 * 60].map((minutes) => minutes * 60_000);
/** Fast enough for a test, slow enough that many payouts are left whenever a process is killed. */
const PACE = { PAYOUT_REQUESTS_PER_SECOND: '150' };
/**
 * After so many looks of the recovery, and more than twenty hours, Stripe behaves again; it must then end within as many
 * more.
 */
const LOOKS = 9;

/** A database, a Stripe, and people who have earned: all that processes of the product need for a payout run. */
export interface World {
  people: Person[];
  database: TestDatabase;
  emulator: StripeEmulator;
  line: StripeLine;
  /** Looks on, and finishes in the end; does nothing by itself. */
  api: TestApp;
  clock: FakeClock;
  env: NodeJS.ProcessEnv;
  /** The cut-off of the run. */
  asOf: string;
  close(): Promise<void>;
}

/** Nothing of it is shared with another test, but for the database's server. */
export async function openWorld({ server, people, database: founded, stateFile }: Town): Promise<World> {
  const database = await server.copyDatabase(founded);
  const clock = new FakeClock(new Date());
  const ownStateFile = `${stateFile}-${randomUUID()}`;
  copyFileSync(stateFile, ownStateFile);
  // Stripe's clock goes like everybody's, until the one who finishes lets days pass.
  const now = (): Date => new Date(Math.max(clock.now().getTime(), Date.now()));
  const emulator = await StripeEmulator.start({ now, stateFile: ownStateFile });
  const line = await StripeLine.open(emulator.url);
  const api = await startTestApp({ databaseUrl: database.url, clock, stripe: emulator, background: false, env: PACE });
  // The one who finishes has the same key at Stripe, unless it is rotated.
  const env = processEnv(database, line, { ...PACE, STRIPE_SECRET_KEY: 'sk_test_emulator' });
  const asOf = new Date().toISOString();
  const close = async (): Promise<void> => {
    await api.close();
    await line.close();
    await emulator.close();
    await database.drop();
  };
  return { people, database, emulator, line, api, clock, env, asOf, close };
}

/** `npm run payouts`: makes the run, or resumes it. */
export function startPayouts({ env, asOf }: World): ProductProcess {
  return startProcess('cli/payouts', ['--period', PERIOD, '--as-of', asOf], env);
}

/** A server, which resumes the run. */
export async function startServer({ env }: World): Promise<ProductProcess> {
  return startProcess('main', [], { ...env, PORT: String(await freePort()) });
}

/** The right to send, which a dead process held, runs out; the test does not wait for it. */
export async function endSending({ api }: World): Promise<void> {
  // The database may be away for a moment.
  await eventually(() => api.database.prisma.$executeRaw`UPDATE payout_sender SET until = '-infinity'`);
}

/** Somebody starts the product once more, and time passes: minutes at first, then days. */
export async function finish(world: World): Promise<void> {
  const { api, clock, emulator } = world;
  await endSending(world);
  clock.set(new Date());
  for (let look = 0; look < 2 * LOOKS; look++) {
    if (look === LOOKS) emulator.faults.clear();
    const run = await takeFurther(world);
    if (run?.status === 'completed') return;
    clock.advance(PAUSES_MS[look % PAUSES_MS.length] ?? 0);
  }
  const left = await api.database.prisma.payout.findMany({ where: { status: 'pending' }, include: { attempts: true } });
  throw new Error(
    `the run was not completed, however long it was given: ${JSON.stringify(left, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`,
  );
}

/** Null when the run was stopped because Stripe's keys seemed wrong: it goes on with the next look. */
async function takeFurther({ api, asOf }: World): Promise<{ status: string } | null> {
  try {
    return await api.app.get(PayoutRunsService).run({ period: PERIOD, cutOff: new Date(asOf) });
  } catch (error) {
    if (error instanceof SendingHaltedError) return null;
    throw error;
  }
}
