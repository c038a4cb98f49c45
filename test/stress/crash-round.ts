import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../../src/stripe/emulator/seeded-random.js';
import type { CrashableServer } from '../setup/crashable-server.js';
import type { ProductProcess } from '../setup/processes.js';
import { expectCommandsToAgree, expectEverybodyPaidOnce } from './books.js';
import { misbehave } from './faults.js';
import { phasesLeft, strikeAt, type Phase, type Trigger } from './interruption.js';
import type { Town } from './town.js';
import { endSending, finish, openWorld, PERIOD, startPayouts, startServer, type World } from './world.js';

/** The first ones always find something to send, however long they take to start. */
const PATIENCE_AT_FIRST_MS = 120_000;
/** Later ones may find nothing, for what was claimed by one that died is free only after a while. */
const PATIENCE_MS = 30_000;

export interface CrashRound {
  seed: number;
  /** How often processes are killed before somebody is left to finish. */
  kills: number;
  /** When they are killed, one after the other; what is not told is drawn by lot. */
  triggers?: Trigger[];
  restartsDatabase: boolean;
  /** Whether who finishes has another key at Stripe, which need not know what the former one asked for. */
  rotatesKey: boolean;
  /** Whether the commands that prove the ledger are started, too, which takes some seconds. */
  asksCommands: boolean;
}

export interface CrashReport {
  /** What each kill has interrupted. */
  phases: Set<Phase>[];
}

/**
 * One payout run for all people of a town, told by a seed: a Stripe that misbehaves, processes killed with kill -9 at
 * the worst moments, the database crashing under them. Then somebody finishes the run, and the books are worked out
 * again: every affiliate is paid exactly once or listed with a reason.
 */
export async function playCrashRound(town: Town, round: CrashRound): Promise<CrashReport> {
  const random = seededRandom(round.seed);
  const world = await openWorld(town);
  if (round.rotatesKey) world.env['STRIPE_SECRET_KEY'] = 'sk_test_former';
  try {
    misbehave(world.emulator, random);
    const phases = await interrupt(world, town.server, round, random);
    await finish(world);
    await expectEverybodyPaidOnce(world.api, world.people, PERIOD);
    if (round.asksCommands) await expectCommandsToAgree(world.env);
    return { phases };
  } finally {
    await world.close();
  }
}

async function interrupt(
  world: World,
  server: CrashableServer,
  round: CrashRound,
  random: () => number,
): Promise<Set<Phase>[]> {
  const { api, line } = world;
  const phases: Set<Phase>[] = [];
  for (let kill = 0; kill < round.kills; kill++) {
    const paidBefore = await api.database.prisma.payout.count({ where: { status: 'paid' } });
    const processes = await startSome(world, kill, random);
    const [victim] = processes;
    const trigger = round.triggers?.[kill] ?? triggerByLot(kill, random);
    const patienceMs = kill === 0 ? PATIENCE_AT_FIRST_MS : PATIENCE_MS;
    const restarts = round.restartsDatabase && kill === round.kills - 1;
    const strike = (): void => victim?.signal('SIGKILL');
    const robbery = processes.length > 1 && random() < 0.5 ? robSender(world, processes, random) : undefined;
    await strikeAt(trigger, { api, line, processes, strike: restarts ? () => undefined : strike, patienceMs });
    if (restarts) {
      await server.crash();
      await pause(Math.floor(random() * 1500));
      await server.start();
      await pause(Math.floor(random() * 1500));
      strike();
    }
    // Whoever was beside the victim goes on for a moment.
    if (processes.length > 1) await pause(Math.floor(random() * 800));
    for (const process of processes) process.signal('SIGKILL');
    await Promise.all([...processes.map(({ exited }) => exited), robbery]);
    phases.push(await phasesLeft(api, line, paidBefore));
    await endSending(world);
  }
  return phases;
}

/**
 * Takes the right to send away from the process that has it, as if it had been stopped for longer than it lasts: another
 * one begins to send, and the first one, which does not know, goes on.
 */
async function robSender(world: World, processes: ProductProcess[], random: () => number): Promise<void> {
  const requests = world.line.transfers.length + Math.floor(random() * 20);
  while (world.line.transfers.length <= requests) {
    if (!processes.some((process) => process.isRunning())) return;
    await pause(5);
  }
  await endSending(world);
}

/** The command alone, the server alone, or two of them at once. The first to start makes the run: a command. */
async function startSome(world: World, kill: number, random: () => number): Promise<ProductProcess[]> {
  const lot = random();
  if (kill === 0) return lot < 0.7 ? [startPayouts(world)] : [startPayouts(world), startPayouts(world)];
  if (lot < 0.35) return [startPayouts(world)];
  if (lot < 0.7) return [await startServer(world)];
  return [await startServer(world), startPayouts(world)];
}

function triggerByLot(kill: number, random: () => number): Trigger {
  const lot = random();
  const nth = 1 + Math.floor(random() * 60);
  const fate = random() < 0.5 ? 'late' : 'lose';
  if (kill === 0 && lot < 0.25) return { at: 'reserving', afterMs: Math.floor(random() * 100) };
  if (lot < 0.35) return { at: 'claimed', afterMs: Math.floor(random() * 20) };
  if (lot < 0.5) return { at: 'committed', afterMs: Math.floor(random() * 20) };
  if (lot < 0.65) return { at: 'arrived', nth, fate };
  if (lot < 0.82) return { at: 'carried_out', nth, fate: 'go_on' };
  return { at: 'answered', nth, fate: 'go_on' };
}
