import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../common/clock.js';
import type { Config } from '../config/config.js';
import type { StripeEmulator } from './emulator/index.js';
import type { StripeConnection } from './stripe-connection.js';

export interface LocalStripe {
  connection: StripeConnection;
  /** Only when it was started by this process. */
  emulator: StripeEmulator | null;
  /** Has the emulator send its events to the service at this address. */
  deliverTo(serviceUrl: string): void;
  close(): Promise<void>;
}

const PROBE_TIMEOUT_MS = 1_000;

/**
 * What the configuration says of Stripe; without a key, the local emulator in its place. Several processes of one data
 * folder share one emulator: the first starts it, the others (a command beside the server, say) find its address in
 * the folder. What it holds survives in the folder, so an account made today can be paid tomorrow.
 */
export async function openStripe(options: {
  config: Config;
  clock: Clock;
  dataDir: string;
  onError: (error: unknown) => void;
}): Promise<LocalStripe> {
  const { config } = options;
  if (config.stripeSecretKey !== undefined) {
    const connection: StripeConnection = {
      secretKey: config.stripeSecretKey,
      apiBase: config.stripeApiBase,
      webhookSecrets: config.stripeWebhookSecrets,
      livemode: config.livemode,
    };
    return { connection, emulator: null, deliverTo: () => undefined, close: async () => undefined };
  }
  return openEmulator(options);
}

async function openEmulator({
  config,
  clock,
  dataDir,
  onError,
}: {
  config: Config;
  clock: Clock;
  dataDir: string;
  onError: (error: unknown) => void;
}): Promise<LocalStripe> {
  await mkdir(dataDir, { recursive: true });
  const addressFile = join(dataDir, 'stripe-emulator.json');
  const known = await readAddress(addressFile);
  const secret = known?.webhookSecret ?? `whsec_${randomBytes(24).toString('hex')}`;
  const running = known !== null && (await isRunning(known.url));
  // Loaded only where it is used: much code, which production never runs.
  const emulator = running
    ? null
    : await (
        await import('./emulator/index.js')
      ).StripeEmulator.start({
        now: () => clock.now(),
        stateFile: join(dataDir, 'stripe-emulator.jsonl'),
        onError,
      });
  const url = emulator?.url ?? known?.url ?? '';
  if (emulator) {
    // Renamed into place, so that a reader never sees half of it.
    await writeFile(`${addressFile}.${process.pid}`, JSON.stringify({ url, webhookSecret: secret }), { mode: 0o600 });
    await rename(`${addressFile}.${process.pid}`, addressFile);
  }
  return {
    connection: {
      secretKey: 'sk_test_emulator',
      apiBase: url,
      webhookSecrets: [secret, ...config.stripeWebhookSecrets],
      livemode: false,
    },
    emulator,
    deliverTo: (serviceUrl) => emulator?.addWebhookEndpoint({ url: `${serviceUrl}/stripe/webhooks`, secret }),
    close: async () => {
      await emulator?.settle();
      await emulator?.close();
    },
  };
}

async function readAddress(file: string): Promise<{ url: string; webhookSecret: string } | null> {
  try {
    const { url, webhookSecret } = JSON.parse(await readFile(file, 'utf8')) as { url: string; webhookSecret: string };
    return { url, webhookSecret };
  } catch (error) {
    // Not there yet, or half written by a process that was killed: a new one is written.
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      return null;
    throw error;
  }
}

async function isRunning(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/_emulator`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null && 'emulator' in body && body.emulator === 'fairshare-stripe';
  } catch {
    // Nobody answers, or somebody else does: the emulator that was there has ended.
    return false;
  }
}
