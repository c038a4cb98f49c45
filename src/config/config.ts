import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { plainToInstance } from 'class-transformer';
import { isURL, validateSync } from 'class-validator';
import ipaddr from 'ipaddr.js';
import { currencyExponent } from '../common/money.js';
import { Environment, URL_OPTIONS } from './environment.js';
import { parseMailSettings, type MailSettings } from './mail-settings.js';
import { monthlyCronProblem } from './payout-schedule.js';

export type JwtVerification =
  /** `previousKey` is still accepted while the host changes over. */
  | { kind: 'secret'; algorithm: 'HS256'; key: KeyObject; previousKey: KeyObject | undefined }
  | { kind: 'public_key'; algorithm: 'RS256' | 'ES256'; key: KeyObject }
  | { kind: 'jwks'; url: string };

/** Names every wrong key at once, so that an operator mends them in one go. */
export class ConfigError extends Error {
  constructor(readonly problems: string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** The demo values hold on a developer's own machine only; the README shows them, so they protect nothing. */
export const DEMO = {
  jwtSecret: 'fairshare-demo-jwt-secret-do-not-use-in-production',
  sessionSecret: 'fairshare-demo-session-secret-do-not-use-it-either',
  adminEmail: 'admin@example.com',
  adminPassword: 'fairshare-demo',
} as const;

const DEFAULT_MIN_PAYOUT_USD_MINOR = 2500n;

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** What the service runs with: checked, typed, and complete. */
export class Config {
  readonly production: boolean;
  readonly databaseUrl: string | undefined;
  readonly migrationDatabaseUrl: string | undefined;
  readonly databaseReplicaUrl: string | undefined;
  readonly port: number;
  readonly host: string;
  readonly publicUrl: string;
  readonly siteUrl: string;
  readonly allowedRedirectHosts: ReadonlySet<string>;
  readonly allowedOrigins: ReadonlySet<string>;
  /** Whose pages may show the dashboard in a frame. */
  readonly dashboardEmbedOrigins: ReadonlySet<string>;
  readonly jwt: JwtVerification;
  readonly jwtAudience: string;
  readonly jwtIssuer: string | undefined;
  /** Unset outside production: the local Stripe emulator stands in. */
  readonly stripeSecretKey: string | undefined;
  readonly stripeApiBase: string | undefined;
  readonly stripeWebhookSecrets: readonly string[];
  readonly stripeAccountsApi: 'v1' | 'v2';
  readonly referredUserMetadataKey: string;
  readonly attributionWindowMs: number;
  /** For how long clicks are kept at least; a month of them leaves at once. */
  readonly clickRetentionMs: number;
  readonly payoutCron: string;
  readonly payoutTimezone: string;
  readonly payoutApproval: 'auto' | 'manual';
  readonly payoutRequestsPerSecond: number;
  /** Whether what affiliates owe is taken back by reversing transfers, beside netting it. */
  readonly clawbackReverseTransfers: boolean;
  readonly defaultCountry: string;
  /** Whether this is somebody's own machine, where the demo values hold. */
  readonly allowsDemoValues: boolean;
  readonly adminEmail: string;
  readonly adminPassword: string;
  readonly adminEnabled: boolean;
  readonly sessionSecret: string;
  /** What was encrypted or signed under it can still be read. */
  readonly sessionSecretPrevious: string | undefined;
  readonly rateLimitHost: number;
  readonly rateLimitPublic: number;
  /** As Fastify takes it: false, a number of hops, or a list of CIDR ranges. */
  readonly trustProxy: false | number | string;
  /** Whether webhooks may go to addresses that are not on the internet. */
  readonly webhookAllowPrivateAddresses: boolean;
  readonly clickIpRule: Environment['CLICK_IP_RULE'];
  readonly affiliateIpRule: Environment['AFFILIATE_IP_RULE'];
  /** Null: e-mails are off. */
  readonly mail: MailSettings | null;
  /** The language of affiliates who have chosen none. */
  readonly mailLocale: Environment['MAIL_LOCALE'];
  /** Where affiliates find their dashboard: the page of the host that opens it for them, or our own. */
  readonly affiliatePortalUrl: string;
  readonly attributionPrecedence: Environment['ATTRIBUTION_PRECEDENCE'];
  private readonly minPayouts: ReadonlyMap<string, bigint>;

  constructor(env: Environment) {
    const problems: string[] = [];
    this.production = env.NODE_ENV === 'production';
    this.databaseUrl = env.DATABASE_URL;
    this.migrationDatabaseUrl = env.MIGRATION_DATABASE_URL ?? env.DATABASE_URL;
    this.databaseReplicaUrl = env.DATABASE_REPLICA_URL;
    if (env.DATABASE_REPLICA_URL !== undefined && env.DATABASE_URL === undefined) {
      problems.push('DATABASE_REPLICA_URL is set without DATABASE_URL: the embedded PostgreSQL has no replica');
    }
    this.port = env.PORT;
    this.host = env.HOST ?? (this.production ? '0.0.0.0' : '127.0.0.1');
    this.publicUrl = withoutTrailingSlash(env.PUBLIC_URL ?? `http://localhost:${env.PORT}`);
    this.siteUrl = withoutTrailingSlash(env.SITE_URL ?? this.publicUrl);
    this.allowedRedirectHosts = new Set(
      (env.ALLOWED_REDIRECT_HOSTS ?? [new URL(this.siteUrl).host]).map((host) => host.toLowerCase()),
    );
    this.allowedOrigins = new Set((env.ALLOWED_ORIGINS ?? [this.siteUrl]).map((origin) => new URL(origin).origin));
    this.dashboardEmbedOrigins = new Set((env.DASHBOARD_EMBED_ORIGINS ?? []).map((origin) => new URL(origin).origin));
    this.jwtAudience = env.JWT_AUDIENCE;
    this.jwtIssuer = env.JWT_ISSUER;
    this.stripeSecretKey = env.STRIPE_SECRET_KEY;
    this.stripeApiBase = env.STRIPE_API_BASE;
    this.stripeWebhookSecrets = env.STRIPE_WEBHOOK_SECRETS ?? [];
    this.stripeAccountsApi = env.STRIPE_ACCOUNTS_API;
    this.referredUserMetadataKey = env.REFERRED_USER_METADATA_KEY;
    this.attributionWindowMs = env.COOKIE_WINDOW_DAYS * 24 * 60 * 60 * 1000;
    this.clickRetentionMs = env.CLICK_RETENTION_DAYS * 24 * 60 * 60 * 1000;
    if (this.clickRetentionMs < this.attributionWindowMs) {
      problems.push('CLICK_RETENTION_DAYS must not be less than COOKIE_WINDOW_DAYS: a click is needed that long');
    }
    this.payoutCron = env.PAYOUT_CRON;
    this.payoutTimezone = env.PAYOUT_TIMEZONE;
    this.payoutApproval = env.PAYOUT_APPROVAL;
    this.payoutRequestsPerSecond = env.PAYOUT_REQUESTS_PER_SECOND;
    this.clawbackReverseTransfers = env.CLAWBACK_REVERSE_TRANSFERS;
    this.defaultCountry = env.DEFAULT_COUNTRY;
    this.adminEnabled = env.ADMIN_ENABLED;
    this.rateLimitHost = env.RATE_LIMIT_HOST;
    this.rateLimitPublic = env.RATE_LIMIT_PUBLIC;
    this.trustProxy = parseTrustProxy(env.TRUST_PROXY, problems);
    this.clickIpRule = env.CLICK_IP_RULE;
    this.affiliateIpRule = env.AFFILIATE_IP_RULE;
    this.mail = parseMailSettings(env, problems);
    this.mailLocale = env.MAIL_LOCALE;
    this.affiliatePortalUrl = env.AFFILIATE_PORTAL_URL ?? `${this.publicUrl}/dashboard`;
    this.attributionPrecedence = env.ATTRIBUTION_PRECEDENCE;
    this.minPayouts = new Map([
      ['usd', DEFAULT_MIN_PAYOUT_USD_MINOR],
      ...env.MIN_PAYOUT.map((entry) => [entry.slice(0, 3), BigInt(entry.slice(4))] satisfies [string, bigint]),
    ]);

    const liveKey = env.STRIPE_SECRET_KEY?.includes('_live_') ?? false;
    this.allowsDemoValues = !this.production && LOOPBACK.has(this.host) && !liveKey;
    const demoOr = (name: keyof Environment, value: string | undefined, demo: string): string => {
      if (value === undefined && !this.allowsDemoValues) {
        problems.push(
          `${name} is required: its demo value holds only outside production, on a loopback HOST, without a live Stripe key`,
        );
      }
      if (value === demo && SECRETS.has(name) && !this.allowsDemoValues) {
        problems.push(`${name} is the demo value, which everybody can read: give it one of your own`);
      }
      return value ?? demo;
    };
    this.webhookAllowPrivateAddresses = env.WEBHOOK_ALLOW_PRIVATE_ADDRESSES ?? this.allowsDemoValues;
    this.jwt = parseJwt(env, demoOr, problems);
    this.sessionSecret = demoOr('SESSION_SECRET', env.SESSION_SECRET, DEMO.sessionSecret);
    this.sessionSecretPrevious = env.SESSION_SECRET_PREVIOUS;
    this.adminEmail = demoOr('ADMIN_EMAIL', env.ADMIN_EMAIL, DEMO.adminEmail);
    this.adminPassword = demoOr('ADMIN_PASSWORD', env.ADMIN_PASSWORD, DEMO.adminPassword);

    if (this.production && env.STRIPE_SECRET_KEY === undefined) {
      problems.push('STRIPE_SECRET_KEY is required in production: the Stripe emulator never runs there');
    }
    if (this.production && this.stripeWebhookSecrets.length === 0) {
      problems.push('STRIPE_WEBHOOK_SECRETS is required in production: without it no event could be verified');
    }
    const cronProblem = monthlyCronProblem(env.PAYOUT_CRON, env.PAYOUT_TIMEZONE);
    if (cronProblem) problems.push(`PAYOUT_CRON ${cronProblem}`);
    if (problems.length > 0) throw new ConfigError(problems);
  }

  /** Whether events and objects of Stripe's live mode are ours. */
  get livemode(): boolean {
    return this.stripeSecretKey?.includes('_live_') ?? false;
  }

  /** The currencies whose minimum is set by itself; usd is always one of them. */
  get minPayoutCurrencies(): string[] {
    return [...this.minPayouts.keys()];
  }

  /**
   * The least a payout must come to, in minor units. A currency that MIN_PAYOUT does not name takes as many *major*
   * units as usd: 25.00 USD, hence 25 JPY and 25.000 KWD.
   */
  minPayoutMinor(currency: string): bigint {
    const named = this.minPayouts.get(currency);
    if (named !== undefined) return named;
    const usdMinor = this.minPayouts.get('usd') ?? DEFAULT_MIN_PAYOUT_USD_MINOR;
    const shift = currencyExponent(currency) - currencyExponent('usd');
    if (shift >= 0) return usdMinor * 10n ** BigInt(shift);
    const divisor = 10n ** BigInt(-shift);
    return (usdMinor + divisor - 1n) / divisor;
  }
}

/**
 * Reads and checks the environment.
 * @throws ConfigError naming every wrong key.
 */
export function readConfig(variables: NodeJS.ProcessEnv): Config {
  const problems: string[] = [];
  const known: Record<string, string> = {};
  for (const name of ALL_NAMES) {
    const value = variables[name];
    if (value === undefined) continue;
    if (value.trim() === '') {
      // `KEY=` in an .env file means "not set", but for a secret it may be a failed substitution.
      if (SECRETS.has(name)) problems.push(`${name} is empty: give it a value or remove it`);
      continue;
    }
    known[name] = value;
  }
  const env = plainToInstance(Environment, known, { exposeDefaultValues: true });
  for (const error of validateSync(env)) {
    problems.push(`${error.property} ${sentence(error.property, Object.values(error.constraints ?? {}))}`);
  }
  if (problems.length > 0) {
    // The values that cannot be read alone are left out, so that what the rest mean together is checked as well.
    const wrong = new Set(problems.map((problem) => problem.split(' ')[0]));
    const rest = Object.fromEntries(Object.entries(known).filter(([name]) => !wrong.has(name)));
    try {
      new Config(plainToInstance(Environment, rest, { exposeDefaultValues: true }));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems.filter((problem) => !wrong.has(problem.split(' ')[0])));
    }
    throw new ConfigError(problems);
  }
  return new Config(env);
}

const SECRETS = new Set([
  'JWT_SECRET',
  'JWT_SECRET_PREVIOUS',
  'JWT_PUBLIC_KEY',
  'STRIPE_SECRET_KEY',
  'STRIPE_WEBHOOK_SECRETS',
  'SESSION_SECRET',
  'SESSION_SECRET_PREVIOUS',
  'ADMIN_PASSWORD',
  'SMTP_URL',
]);

/** A key of Environment that is missing here would never be read, so the compiler asks for all of them. */
const ALL_NAMES = Object.keys({
  NODE_ENV: true,
  DATABASE_URL: true,
  MIGRATION_DATABASE_URL: true,
  DATABASE_REPLICA_URL: true,
  PORT: true,
  HOST: true,
  PUBLIC_URL: true,
  SITE_URL: true,
  ALLOWED_REDIRECT_HOSTS: true,
  ALLOWED_ORIGINS: true,
  DASHBOARD_EMBED_ORIGINS: true,
  JWT_SECRET: true,
  JWT_SECRET_PREVIOUS: true,
  JWT_PUBLIC_KEY: true,
  JWT_JWKS_URL: true,
  JWT_AUDIENCE: true,
  JWT_ISSUER: true,
  STRIPE_SECRET_KEY: true,
  STRIPE_API_BASE: true,
  STRIPE_WEBHOOK_SECRETS: true,
  REFERRED_USER_METADATA_KEY: true,
  COOKIE_WINDOW_DAYS: true,
  CLICK_RETENTION_DAYS: true,
  PAYOUT_CRON: true,
  PAYOUT_TIMEZONE: true,
  PAYOUT_APPROVAL: true,
  PAYOUT_REQUESTS_PER_SECOND: true,
  CLAWBACK_REVERSE_TRANSFERS: true,
  STRIPE_ACCOUNTS_API: true,
  DEFAULT_COUNTRY: true,
  MIN_PAYOUT: true,
  ADMIN_EMAIL: true,
  ADMIN_PASSWORD: true,
  ADMIN_ENABLED: true,
  SESSION_SECRET: true,
  SESSION_SECRET_PREVIOUS: true,
  RATE_LIMIT_HOST: true,
  RATE_LIMIT_PUBLIC: true,
  TRUST_PROXY: true,
  WEBHOOK_ALLOW_PRIVATE_ADDRESSES: true,
  CLICK_IP_RULE: true,
  AFFILIATE_IP_RULE: true,
  SMTP_URL: true,
  MAIL_FROM: true,
  MAIL_LOCALE: true,
  MAIL_PER_SECOND: true,
  AFFILIATE_PORTAL_URL: true,
  ATTRIBUTION_PRECEDENCE: true,
} satisfies Record<keyof Environment, true>);

/** class-validator begins its sentences with the property's name, or with "each value in". */
function sentence(property: string, constraints: string[]): string {
  return constraints.map((text) => text.replace(`${property} `, '').replace('each value in ', '')).join('; ');
}

function withoutTrailingSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

function parseJwt(
  env: Environment,
  demoOr: (name: keyof Environment, value: string | undefined, demo: string) => string,
  problems: string[],
): JwtVerification {
  const set = (['JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWT_JWKS_URL'] as const).filter((name) => env[name] !== undefined);
  if (set.length > 1)
    problems.push(`${set.join(' and ')} are both set: the algorithm is pinned by exactly one of them`);
  if (env.JWT_SECRET_PREVIOUS !== undefined && env.JWT_SECRET === undefined) {
    problems.push('JWT_SECRET_PREVIOUS is set without JWT_SECRET: it only helps to change from one secret to another');
  }
  if (env.JWT_JWKS_URL !== undefined) {
    if (!isURL(env.JWT_JWKS_URL, URL_OPTIONS)) problems.push('JWT_JWKS_URL must be a URL address');
    return { kind: 'jwks', url: env.JWT_JWKS_URL };
  }
  if (env.JWT_PUBLIC_KEY !== undefined) {
    const verification = parsePublicKey(env.JWT_PUBLIC_KEY);
    if (typeof verification !== 'string') return verification;
    problems.push(`JWT_PUBLIC_KEY ${verification}`);
    return hmac(DEMO.jwtSecret);
  }
  return hmac(demoOr('JWT_SECRET', env.JWT_SECRET, DEMO.jwtSecret), env.JWT_SECRET_PREVIOUS);
}

/** @returns what is wrong with it where it cannot be used. */
function parsePublicKey(pem: string): JwtVerification | string {
  if (!pem.includes('-----BEGIN PUBLIC KEY-----')) return 'must be a PEM public key';
  try {
    // A PEM in an environment variable often has its line ends written as \n.
    const key = createPublicKey(pem.replaceAll('\\n', '\n'));
    if (key.asymmetricKeyType === 'rsa') return { kind: 'public_key', algorithm: 'RS256', key };
    if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') {
      return { kind: 'public_key', algorithm: 'ES256', key };
    }
    return 'must be an RSA key (RS256) or an EC key on P-256 (ES256)';
  } catch {
    return 'is not a readable PEM public key';
  }
}

function hmac(secret: string, previous?: string): JwtVerification {
  return {
    kind: 'secret',
    algorithm: 'HS256',
    key: createSecretKey(Buffer.from(secret)),
    previousKey: previous === undefined ? undefined : createSecretKey(Buffer.from(previous)),
  };
}

function parseTrustProxy(value: string, problems: string[]): false | number | string {
  if (value === 'false') return false;
  if (/^\d+$/.test(value)) return Number(value);
  for (const range of value.split(',').map((item) => item.trim())) {
    const valid = range.includes('/') ? ipaddr.isValidCIDR(range) : ipaddr.isValid(range);
    if (!valid) problems.push(`TRUST_PROXY has ${range}, which is no address or CIDR range`);
  }
  return value;
}
