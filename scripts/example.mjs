/**
 * `npm run example`: the service, the Stripe emulator and the example app that uses both, from nothing but this checkout.
 * Ctrl-C ends all of it. What the environment and .env say of real ones plays no part.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildWorkspaces } from './build-workspaces.mjs';
import { build, ROOT } from './ensure-build.mjs';

const EXAMPLE = join(ROOT, 'examples', 'express-host');
const START_TIMEOUT_MS = 120_000;
const POLL_MS = 200;

const servicePort = process.env.PORT ?? '3000';
const appPort = process.env.APP_PORT ?? '4000';
const serviceUrl = `http://localhost:${servicePort}`;
const appUrl = `http://localhost:${appPort}`;
const secret = randomBytes(32).toString('hex');
const children = [];

if (!(await build()) || !(await buildWorkspaces())) process.exit(1);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop(0));

start(join(ROOT, 'dist', 'main.js'), {
  PORT: servicePort,
  PUBLIC_URL: serviceUrl,
  SITE_URL: appUrl,
  DASHBOARD_EMBED_ORIGINS: appUrl,
  JWT_SECRET: secret,
  // Affiliate and visitor sit at the same machine here, which the rule is there to refuse.
  AFFILIATE_IP_RULE: 'off',
});
await ready(`${serviceUrl}/health/ready`);

const emulator = JSON.parse(readFileSync(join(ROOT, '.data', 'stripe-emulator.json'), 'utf8'));
start(join(EXAMPLE, 'dist', 'server.js'), {
  PORT: appPort,
  APP_URL: appUrl,
  FAIRSHARE_URL: serviceUrl,
  FAIRSHARE_JWT_SECRET: secret,
  STRIPE_SECRET_KEY: 'sk_test_example',
  STRIPE_API_BASE: emulator.url,
});
await ready(appUrl);
process.stdout.write(`
  The app             ${appUrl}
  Admin panel         ${serviceUrl}/admin   (admin@example.com, fairshare-demo)
  API documentation   ${serviceUrl}/docs

examples/express-host/README.md says what to look at. Ctrl-C ends everything.
`);

function start(program, env) {
  const { PATH, HOME } = process.env;
  // In a folder without .env.
  const child = spawn(process.execPath, [program], { cwd: EXAMPLE, env: { PATH, HOME, ...env }, stdio: 'inherit' });
  children.push(child);
  child.on('exit', (code) => stop(code ?? 0));
}

async function ready(url) {
  const giveUpAtMs = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < giveUpAtMs) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return;
    await sleep(POLL_MS);
  }
  process.stderr.write(`${url} did not answer.\n`);
  stop(1);
}

/** Ends the app before the service it calls. */
function stop(code) {
  process.exitCode ||= code;
  for (const child of children.reverse()) if (child.exitCode === null) child.kill('SIGTERM');
}
