import { startTestApp, type TestApp } from '../../setup/app.js';
import { processEnv, runCommandProcess } from '../../setup/processes.js';

const COMMANDS = [
  'admin-password',
  'db-generate',
  'db-migrate',
  'db-seed',
  'ledger-verify',
  'payouts',
  'reconcile',
  'rollups-rebuild',
  'stripe-backfill',
  'stripe-replay',
];

describe('a command', () => {
  let api: TestApp;

  beforeAll(async () => {
    api = await startTestApp();
  });
  afterAll(async () => api.close());

  const run = (command: string, argument: string, databaseUrl: string) => {
    const env = processEnv({ url: databaseUrl, ownerUrl: databaseUrl }, api.stripe);
    return runCommandProcess(command, [argument], env);
  };

  it.each(COMMANDS)('%s --help says how it is called, opens nothing and ends with 0', async (command) => {
    const { exitCode, output } = await run(command, '--help', 'postgresql://nobody@127.0.0.1:1/nowhere');
    expect(exitCode).toBe(0);
    expect(output).toMatch(new RegExp(`^Usage: npm run ${command.replace('-', ':')}\\b`));
  });

  it('payouts takes for now a day or a moment with its time zone, nothing that could be read otherwise', async () => {
    const env = processEnv({ url: api.ownerUrl, ownerUrl: api.ownerUrl }, api.stripe);
    for (const asOf of ['12', '2026-12-01T06:00']) {
      const args = ['--period', '2026-12', '--dry-run', '--as-of', asOf];
      const { exitCode, output } = await runCommandProcess('payouts', args, env);
      expect([exitCode, output]).toEqual([2, expect.stringContaining('--as-of must be a day')]);
    }
  });

  it.each(['db-migrate', 'db-seed', 'rollups-rebuild'])('%s, which has no options, takes none', async (command) => {
    const { exitCode, output } = await run(command, '--everything', api.ownerUrl);
    expect([exitCode, output]).toEqual([2, expect.stringContaining('Usage: npm run')]);
    expect(await api.database.prisma.affiliate.count()).toBe(0);
  });
});
