import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../../src/stripe/emulator/seeded-random.js';
import { startCrashableServer, type CrashableServer } from '../setup/crashable-server.js';
import { expectCommandsToAgree, expectEverybodyPaidOnce } from './books.js';
import { strikeAt, type Trigger } from './interruption.js';
import { foundTown, type Town } from './town.js';
import { openWorld, PERIOD, startPayouts, type World } from './world.js';

/** Longer than a process may hold what it has claimed, and the right to send. */
const HANGS_MS = 60_000;

describe('a process that hangs for longer than its claims last, beside one that took over', () => {
  let server: CrashableServer;
  let town: Town;
  let world: World;

  beforeAll(async () => {
    server = await startCrashableServer();
    town = await foundTown(server, 100, seededRandom(47));
  });
  afterAll(async () => {
    try {
      await town.close();
    } finally {
      await server.close();
    }
  });
  beforeEach(async () => {
    world = await openWorld(town);
  });
  afterEach(async () => world.close());

  it.each<[string, Trigger]>([
    ['between claiming and sending', { at: 'claimed', afterMs: 10 }],
    ['when its requests are leaving', { at: 'arrived', nth: 20, fate: 'late' }],
    ['when the answers are on their way', { at: 'carried_out', nth: 20, fate: 'go_on' }],
    ['with answers that it has not written down', { at: 'answered', nth: 20, fate: 'go_on' }],
  ])('%s goes on when it wakes up, and nobody is paid twice', async (_when, trigger) => {
    const { api, line, people, env } = world;
    const hung = startPayouts(world);
    await strikeAt(trigger, {
      api,
      line,
      processes: [hung],
      strike: () => hung.signal('SIGSTOP'),
      patienceMs: HANGS_MS,
    });
    const hungAtMs = performance.now();
    const successor = startPayouts(world);
    expect(await successor.exited).toBe(0);
    await pause(Math.max(0, hungAtMs + HANGS_MS - performance.now()));
    hung.signal('SIGCONT');
    expect(await hung.exited).toBe(0);
    await expectEverybodyPaidOnce(api, people, PERIOD);
    await expectCommandsToAgree(env);
  });
});
