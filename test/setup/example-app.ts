import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { DEMO } from '../../src/config/config.js';
import { StripeEmulator } from '../../src/stripe/emulator/index.js';
import { startTestApp, WEBHOOK_SECRET, type TestApp } from './app.js';
import { createTestDatabase } from './database.js';
import { eventually } from './eventually.js';
import { freePort } from './free-port.js';
import { processEnv, runCommandProcess, startServerProcess } from './processes.js';

const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'express-host');

/** The example app as a process, on a service that is one too. */
export interface ExampleApp {
  url: string;
  serviceUrl: string;
  /** Looks on. Its clock stands still. */
  api: TestApp;
  /** Runs a command of the service beside it. */
  run(command: string, args: string[]): Promise<{ exitCode: number | null; output: string }>;
  close(): Promise<void>;
}

export async function startExampleApp(): Promise<ExampleApp> {
  const database = await createTestDatabase();
  const stripe = await StripeEmulator.start({ now: () => new Date() });
  // Only looks on: all that happens is the work of the service.
  const api = await startTestApp({ databaseUrl: database.url, stripe, background: false, now: new Date() });
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const servicePort = await freePort();
  const env = processEnv(database, stripe, {
    SITE_URL: url,
    PUBLIC_URL: `http://localhost:${servicePort}`,
    DASHBOARD_EMBED_ORIGINS: url,
    // Affiliate and visitor sit at the same machine here, which the rule is there to refuse.
    AFFILIATE_IP_RULE: 'off',
  });
  const service = await startServerProcess(env, servicePort);
  const serviceUrl = `http://localhost:${servicePort}`;
  stripe.addWebhookEndpoint({ url: `${service.url}/stripe/webhooks`, secret: WEBHOOK_SECRET });
  const app = spawn(process.execPath, ['dist/server.js'], {
    cwd: EXAMPLE,
    env: {
      PATH: process.env['PATH'],
      PORT: String(port),
      FAIRSHARE_URL: serviceUrl,
      FAIRSHARE_JWT_SECRET: DEMO.jwtSecret,
      STRIPE_SECRET_KEY: 'sk_test_example',
      STRIPE_API_BASE: stripe.url,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await eventually(async () => expect((await fetch(url)).status).toBe(200));
  return {
    url,
    serviceUrl,
    api,
    run: (command, args) => runCommandProcess(command, args, env),
    close: async () => {
      const ended = new Promise((resolve) => app.once('close', resolve));
      app.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(await service.end()).toBe(0);
      await stripe.settle();
      await stripe.close();
      await api.close();
      await database.drop();
    },
  };
}
