import type { AddressInfo } from 'node:net';
import { DateTime } from 'luxon';
import { AdminModule } from '../admin/admin.module.js';
import type { AffiliatePageDto } from '../affiliates/affiliate.dto.js';
import { createApp } from '../bootstrap.js';
import { closeOnSignal } from '../close-on-signal.js';
import { SystemClock } from '../common/clock.js';
import { JournalSealer } from '../commissions/ledger/journal-sealer.service.js';
import { VerificationService } from '../commissions/verification.service.js';
import { ConfigError, DEMO, readConfig } from '../config/config.js';
import { loadEnvironment } from '../config/load-environment.js';
import { periodOf, plannedRunAt } from '../config/payout-schedule.js';
import type { DashboardLinkDto } from '../dashboard/dashboard-link.dto.js';
import { Database } from '../database/database.js';
import { APP_ROLE } from '../database/embedded-postgres.js';
import { applyMigrations } from '../database/migrations.js';
import { createLogger } from '../http/logging.js';
import { ServerDrain } from '../http/server-drain.js';
import { PayoutScheduler } from '../payouts/runs/payout-scheduler.js';
import { FirstStaffUser } from '../staff/first-staff-user.js';
import { StripeEmulator } from '../stripe/emulator/index.js';
import { openDemoDatabase } from './demo-database.js';
import { HostApp } from './host-app.js';
import { Narrator } from './narrator.js';
import { Story } from './story.js';
import { StoryClock } from './story-clock.js';

const WEBHOOK_SECRET = 'whsec_demo';
const DEFAULT_PORT = '3000';

/** Ctrl-C in the middle of the story takes the service away from under it, which is no failure of the story. */
let isStopping = false;

/** The story is told on the demo's own database and Stripe, whatever the environment says of the real ones. */
function demoConfig(databaseUrl: string): ReturnType<typeof readConfig> {
  const { PORT = DEFAULT_PORT } = loadEnvironment();
  return readConfig({ NODE_ENV: 'development', DATABASE_URL: databaseUrl, PORT });
}

/** The last 1st of a month, 06:00 UTC, that has passed: the story ends in the present. */
function lastRunAt(now: Date): DateTime {
  const thisMonth = plannedRunAt(periodOf(now, 'UTC'), '0 6 1 * *', 'UTC');
  const at = DateTime.fromJSDate(thisMonth ?? now, { zone: 'utc' });
  return at.toJSDate() <= now ? at : at.minus({ months: 1 });
}

async function run(): Promise<void> {
  console.log('Fairshare: the main job, end to end. Two months pass in a few seconds.');
  const system = new SystemClock();
  const clock = new StoryClock(system);
  const secondRunAt = lastRunAt(system.now());
  clock.travelTo(secondRunAt.minus({ months: 2 }).toJSDate());

  const database = await openDemoDatabase((message) => console.log(message));
  await applyMigrations({ url: database.ownerUrl, appRole: APP_ROLE });
  const config = demoConfig(database.appUrl);
  const emulator = await StripeEmulator.start({ now: () => clock.now() });
  const stripe = {
    secretKey: 'sk_test_demo',
    apiBase: emulator.url,
    webhookSecrets: [WEBHOOK_SECRET],
    livemode: false,
  };
  const app = await createApp({
    config,
    clock,
    databaseUrl: database.appUrl,
    stripe,
    adminPanel: AdminModule,
    logger: createLogger('warn'),
  });
  await app.get(Database).prisma.installation.create({ data: { installedAt: clock.now() } });
  await app.get(FirstStaffUser).ensure();
  await app.listen(config.port, config.host);
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://localhost:${port}`;
  emulator.addWebhookEndpoint({ url: `http://${config.host}:${port}/stripe/webhooks`, secret: WEBHOOK_SECRET });

  closeOnSignal(async () => {
    isStopping = true;
    console.log('\nStopping …');
    await app.get(ServerDrain).drain();
    await app.close();
    await emulator.close();
    await database.stop();
  }, fail);

  const host = new HostApp(url, emulator, clock);
  const scheduler = app.get(PayoutScheduler);
  const [sealer, verifier] = [app.get(JournalSealer), app.get(VerificationService)];
  await new Story({ host, clock, emulator, scheduler, sealer, verifier, narrator: new Narrator(), secondRunAt }).tell();
  clock.returnToPresent();
  printInvitation(url, host.token(), await johnOpens(host));
}

/** A way into the dashboard of the story's first affiliate, as the host app makes one for each click. */
async function johnOpens(host: HostApp): Promise<{ affiliateId: string; link: string }> {
  const { data } = await host.get<AffiliatePageDto>('/v1/affiliates?userId=user-john');
  const affiliateId = data[0]?.id ?? '';
  const { url } = await host.post<DashboardLinkDto>(`/v1/affiliates/${affiliateId}/dashboard-links`);
  return { affiliateId, link: url };
}

function printInvitation(url: string, token: string, john: { affiliateId: string; link: string }): void {
  console.log(`
The service is running with this data. Try it:

  John's dashboard    ${john.link}
  Admin panel         ${url}/admin   (${DEMO.adminEmail}, ${DEMO.adminPassword})
  API documentation   ${url}/docs
  Health, metrics     ${url}/health/ready   ${url}/metrics

  export TOKEN=${token}

  curl -s -H "Authorization: Bearer $TOKEN" ${url}/v1/affiliates
  curl -s -H "Authorization: Bearer $TOKEN" ${url}/v1/commissions
  curl -s -H "Authorization: Bearer $TOKEN" ${url}/v1/payout-runs

A link to a dashboard opens it once, within five minutes. A new one for John:

  curl -s -X POST -H "Authorization: Bearer $TOKEN" ${url}/v1/affiliates/${john.affiliateId}/dashboard-links

The token is good for a day. Ctrl-C ends the demo.`);
}

function fail(error: unknown): never {
  const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  if (inUse)
    console.error(
      'The port is in use: stop what listens there, or choose another one, for instance PORT=3100 npm run demo.',
    );
  else console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}

await run().catch((error: unknown) => {
  if (!isStopping) fail(error);
});
