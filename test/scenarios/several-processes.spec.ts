import { startTestApp, WEBHOOK_SECRET, type TestApp } from '../setup/app.js';
import { createTestDatabase, type TestDatabase } from '../setup/database.js';
import { eventually } from '../setup/eventually.js';
import { affiliateWithReferrals, hostStripe, onboard } from '../setup/host.js';
import { expectSoundLedger } from '../setup/ledger.js';
import { processEnv, runCommandProcess, startServerProcess, type ServerProcess } from '../setup/processes.js';
import { deliver, eventOf, paidInvoice } from '../setup/webhooks.js';
import { signatureOf } from '../../src/stripe/emulator/index.js';

/** The product as an operator runs it: built, as processes, on one PostgreSQL. The test's own app only looks on. */
describe('several processes on one database', () => {
  let database: TestDatabase;
  let api: TestApp;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    database = await createTestDatabase();
    // Real processes run by the real clock.
    api = await startTestApp({ databaseUrl: database.url, now: new Date() });
    env = processEnv(database, api.stripe);
  });
  afterEach(async () => {
    await expectSoundLedger(api);
    await api.close();
    await database.drop();
  });

  it('fifty duplicates of one event over two servers make one commission', async () => {
    await affiliateWithReferrals(api, 'Dup', ['dup-1']);
    const servers = await Promise.all([startServerProcess(env), startServerProcess(env)]);
    const body = JSON.stringify(eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'dup-1' })));
    const headers = {
      'content-type': 'application/json',
      'stripe-signature': signatureOf(body, WEBHOOK_SECRET, new Date()),
    };
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        fetch(`${(servers[i % 2] as ServerProcess).url}/stripe/webhooks`, { method: 'POST', body, headers }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    await eventually(async () =>
      expect(await api.database.prisma.stripeEvent.findMany({ select: { status: true } })).toEqual([
        { status: 'processed' },
      ]),
    );
    expect(await api.database.prisma.commission.count()).toBe(1);
    expect(await api.database.prisma.journalEntry.count()).toBe(1);
    expect(await Promise.all(servers.map((server) => server.end()))).toEqual([0, 0]);
  });

  it('an event that was answered before kill -9 is worked on by the next process', async () => {
    await affiliateWithReferrals(api, 'Kill', ['kill-1']);
    // From here on the test only looks, so that whatever is worked on is worked on by the processes.
    await api.close();
    api = await startTestApp({ databaseUrl: database.url, now: new Date(), background: false });
    const commissions = () => api.database.prisma.commission.count();
    const server = await startServerProcess(env);
    const events = Array.from({ length: 20 }, () =>
      eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'kill-1' })),
    );
    const answered = events.map(async (event) => {
      const body = JSON.stringify(event);
      const answer = await fetch(`${server.url}/stripe/webhooks`, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          'stripe-signature': signatureOf(body, WEBHOOK_SECRET, new Date()),
        },
      });
      expect(answer.status).toBe(200);
    });
    await Promise.all(answered);
    await server.end('SIGKILL');
    const next = await startServerProcess(env);
    await eventually(async () => expect(await commissions()).toBe(20));
    expect(await next.end()).toBe(0);
  });

  it('two payout commands at once make one run and one transfer for each affiliate', async () => {
    const names = ['Ann', 'Bob', 'Cid', 'Dan', 'Eve'];
    for (const name of names) {
      const { id } = await affiliateWithReferrals(api, name, [`${name}-1`]);
      await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: `${name}-1`, total: 20_000 })));
      await onboard(api, id);
    }
    const asOf = new Date(Date.now() + 1000).toISOString();
    const args = ['--period', asOf.slice(0, 7), '--as-of', asOf];
    const preview = await runCommandProcess('payouts', [...args, '--dry-run'], env);
    expect(preview).toMatchObject({ exitCode: 0 });
    expect(await api.database.prisma.payoutRun.count()).toBe(0);

    const results = await Promise.all([
      runCommandProcess('payouts', args, env),
      runCommandProcess('payouts', args, env),
    ]);
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    for (const { output } of results) expect(output).toContain('completed');
    expect(await api.database.prisma.payoutRun.count()).toBe(1);
    const { data } = await hostStripe(api).transfers.list({ limit: 100 });
    expect(data.map(({ amount }) => amount)).toEqual([4000, 4000, 4000, 4000, 4000]);
    expect(new Set(data.map(({ destination }) => destination)).size).toBe(5);
    expect(await api.database.prisma.payout.groupBy({ by: ['status'], _count: true })).toEqual([
      { status: 'paid', _count: 5 },
    ]);

    const verified = await runCommandProcess('ledger-verify', [], env);
    expect(verified).toMatchObject({ exitCode: 0 });
    expect(verified.output).toContain('The ledger is sound.');
  });

  it('a command that is called wrongly says how, and changes nothing', async () => {
    const wrong = await runCommandProcess('payouts', ['--period', 'december'], env);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.output).toContain('--period must be a month such as 2026-12.');
    const unset = await runCommandProcess('payouts', ['--period', '2026-12'], {
      ...env,
      PORT: 'many',
      JWT_SECRET: 'short',
    });
    expect(unset.exitCode).toBe(1);
    expect(unset.output).toMatch(/PORT[^]*JWT_SECRET|JWT_SECRET[^]*PORT/);
  });
});
