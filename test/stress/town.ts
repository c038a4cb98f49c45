import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StripeEmulator } from '../../src/stripe/emulator/index.js';
import { FakeClock, startTestApp } from '../setup/app.js';
import type { CrashableServer } from '../setup/crashable-server.js';
import type { TestDatabase } from '../setup/database.js';
import { populate, type Person } from './population.js';

/**
 * People who have earned, before anybody is paid. Making them takes longer than copying them, so each round gets a copy
 * (see openWorld).
 */
export interface Town {
  server: CrashableServer;
  people: Person[];
  /** Nobody is connected to it. */
  database: TestDatabase;
  /** What Stripe knows. */
  stateFile: string;
  close(): Promise<void>;
}

export async function foundTown(server: CrashableServer, size: number, random: () => number): Promise<Town> {
  const database = await server.createDatabase();
  // By this name the teardown of a later run removes what an interrupted one has left.
  const folder = mkdtempSync(join(tmpdir(), `fairshare-test-${process.pid}-`));
  const stateFile = join(folder, 'stripe');
  const clock = new FakeClock(new Date());
  const stripe = await StripeEmulator.start({ now: () => clock.now(), stateFile });
  const founder = await startTestApp({ databaseUrl: database.url, clock, stripe });
  const people = await populate(founder, size, random);
  // No server starts a run by itself: nothing was planned since an installation in the future.
  await founder.database.prisma.installation.create({
    data: { id: 1, installedAt: new Date('2100-01-01T00:00:00Z') },
  });
  await founder.close();
  await stripe.close();
  const close = async (): Promise<void> => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { server, people, database, stateFile, close };
}
