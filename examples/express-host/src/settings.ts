/** What this app is told by its environment. `npm run example` sets all of it. */
export interface Settings {
  port: number;
  /** Where browsers find this app. */
  url: string;
  fairshareUrl: string;
  /** The service's JWT_SECRET. Never leaves this server. */
  fairshareSecret: string;
  /** Of this app's endpoint at the service; unset: the app makes itself one when it starts. */
  webhookSecret: string | undefined;
  stripeKey: string;
  /** The Stripe emulator's address; unset for Stripe itself. */
  stripeApiBase: string | undefined;
}

export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const port = Number(env['PORT'] ?? 4000);
  return {
    port,
    url: env['APP_URL'] ?? `http://localhost:${port}`,
    fairshareUrl: required(env, 'FAIRSHARE_URL'),
    fairshareSecret: required(env, 'FAIRSHARE_JWT_SECRET'),
    webhookSecret: env['FAIRSHARE_WEBHOOK_SECRET'],
    stripeKey: required(env, 'STRIPE_SECRET_KEY'),
    stripeApiBase: env['STRIPE_API_BASE'],
  };
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set; see README.md.`);
  return value;
}
