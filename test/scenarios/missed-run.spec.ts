import { StripeEmulator } from '../../src/stripe/emulator/index.js';
import { startTestApp, WEBHOOK_SECRET, type TestApp } from '../setup/app.js';
import { createTestDatabase, type TestDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { affiliateWithReferrals, hostStripe, onboard } from '../setup/host.js';
import { expectSoundLedger } from '../setup/ledger.js';
import { processEnv, runCommandProcess, startServerProcess, type ServerProcess } from '../setup/processes.js';
import { deliver, eventOf, paidInvoice } from '../setup/webhooks.js';

const HOUR_MS = 60 * 60 * 1000;
const NAMES = ['Ann', 'Bob', 'Cid', 'Dan', 'Eve', 'Fay'];

/** Real processes by the real clock: the schedule is put where the test needs it. */
describe('a planned run', () => {
  let database: TestDatabase;
  let stripe: StripeEmulator;
  let api: TestApp;
  let cutOff: Date;
  let period: string;
  let env: NodeJS.ProcessEnv;
  let servers: ServerProcess[];

  /** The run was planned so long ago, and the product was installed a day before that. */
  async function plan(agoMs: number): Promise<void> {
    cutOff = new Date(Math.floor((Date.now() - agoMs) / 60_000) * 60_000);
    period = cutOff.toISOString().slice(0, 7);
    const cron = `${cutOff.getUTCMinutes()} ${cutOff.getUTCHours()} ${cutOff.getUTCDate()} * *`;
    env = processEnv(database, stripe, { PAYOUT_CRON: cron });
    // What a customer pays earns only from the referral on, so those are older than the run.
    const installedAt = new Date(cutOff.getTime() - 24 * HOUR_MS);
    api.clock.set(installedAt);
    await api.database.prisma.installation.create({ data: { id: 1, installedAt } });
    const affiliates: { name: string; id: string }[] = [];
    for (const name of NAMES) affiliates.push(await affiliateWithReferrals(api, name, [`${name}-1`]));
    api.clock.set(new Date());
    for (const { id, name } of affiliates) {
      await earn(name, 20_000, -HOUR_MS);
      await earn(name, 30_000, HOUR_MS);
      await onboard(api, id);
    }
    await api.settle();
    // From here on the test only looks.
    await api.close();
    api = await startTestApp({ databaseUrl: database.url, now: new Date(), background: false, stripe });
  }

  async function earn(name: string, total: number, sinceCutOffMs: number): Promise<void> {
    const paidAt = new Date(cutOff.getTime() + sinceCutOffMs);
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: `${name}-1`, total, paidAt })));
  }

  async function startServer(): Promise<ServerProcess> {
    const server = await startServerProcess(env);
    servers.push(server);
    return server;
  }

  const runs = () => api.database.prisma.payoutRun.findMany();
  const transfers = async () => (await hostStripe(api).transfers.list({ limit: 100 })).data;
  const untilCompleted = () =>
    eventually(async () => expect((await runs()).map(({ status }) => status)).toEqual(['completed']));

  beforeEach(async () => {
    servers = [];
    database = await createTestDatabase();
    stripe = await StripeEmulator.start({ now: () => new Date() });
    api = await startTestApp({ databaseUrl: database.url, now: new Date(), stripe });
    stripe.addWebhookEndpoint({ url: `${api.url}/stripe/webhooks`, secret: WEBHOOK_SECRET });
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server.end('SIGKILL')));
    await expectSoundLedger(api);
    await api.close();
    await stripe.close();
    await database.drop();
  });

  it('that two servers and a command begin at the same moment is one run with one transfer each', async () => {
    await plan(2 * HOUR_MS);
    const [first, second, command] = await Promise.all([
      startServer(),
      startServer(),
      runCommandProcess('payouts', ['--period', period], env),
    ]);
    expect(command).toMatchObject({ exitCode: 0, output: expect.stringContaining(`${period}: completed`) as string });
    await untilCompleted();
    expect(await runs()).toMatchObject([{ period, cutOff }]);
    expect((await transfers()).map(({ amount }) => amount)).toEqual(NAMES.map(() => 4000));
    expect(new Set((await transfers()).map(({ destination }) => destination)).size).toBe(NAMES.length);
    expect(await api.database.prisma.payout.groupBy({ by: ['status', 'attemptNo'], _count: true })).toEqual([
      { status: 'paid', attemptNo: 1, _count: NAMES.length },
    ]);
    expect(await Promise.all([first.end(), second.end()])).toEqual([0, 0]);
  });

  it('that was missed by three days is caught up with its own cut-off, and not again after a restart', async () => {
    await plan(72 * HOUR_MS);
    const server = await startServer();
    await untilCompleted();
    await server.end('SIGKILL');
    const [run] = await runs();
    expect(run).toMatchObject({ period, cutOff });
    // 20 % of what was paid before the cut-off; what was earned in the three days since waits for the next run.
    expect((await transfers()).map(({ amount }) => amount)).toEqual(NAMES.map(() => 4000));
    const balances = await api.database.prisma.balance.findMany();
    expect(balances.map(({ payableMinor, paidOutMinor }) => [payableMinor, paidOutMinor])).toEqual(
      NAMES.map(() => [6000n, 4000n]),
    );

    const restarted = await startServer();
    const again = await runCommandProcess('payouts', ['--period', period], env);
    expect(again).toMatchObject({ exitCode: 0, output: expect.stringContaining(`${period}: completed`) as string });
    // A server that has ended in order has also ended what its schedule began.
    expect(await restarted.end()).toBe(0);
    expect(await runs()).toEqual([run]);
    expect(await transfers()).toHaveLength(NAMES.length);
  });
});
