import { generateKeyPairSync } from 'node:crypto';
import { ConfigError, DEMO, readConfig } from './config.js';

const PRODUCTION = {
  NODE_ENV: 'production',
  JWT_SECRET: 'a-secret-of-at-least-32-bytes-for-hs256',
  SESSION_SECRET: 'another-secret-of-at-least-32-bytes-long',
  ADMIN_EMAIL: 'ops@example.com',
  ADMIN_PASSWORD: 'correct horse battery',
  STRIPE_SECRET_KEY: 'sk_live_abc',
  STRIPE_WEBHOOK_SECRETS: 'whsec_a, whsec_b',
};

function problemsOf(variables: Record<string, string>): string[] {
  try {
    readConfig(variables);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const pem = (type: 'rsa' | 'ec' | 'ed25519', namedCurve = 'P-256'): string => {
  const pair =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : type === 'ec'
        ? generateKeyPairSync('ec', { namedCurve })
        : generateKeyPairSync('ed25519');
  return pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
};

describe('the configuration', () => {
  it('needs nothing on a developer’s machine', () => {
    const config = readConfig({});
    expect(config).toMatchObject({
      production: false,
      port: 3000,
      host: '127.0.0.1',
      publicUrl: 'http://localhost:3000',
      siteUrl: 'http://localhost:3000',
      stripeSecretKey: undefined,
      jwtAudience: 'fairshare',
      payoutCron: '0 6 1 * *',
      payoutTimezone: 'UTC',
      defaultCountry: 'US',
    });
    expect([...config.allowedRedirectHosts]).toEqual(['localhost:3000']);
  });

  it('is complete in production', () => {
    const config = readConfig(PRODUCTION);
    expect(config).toMatchObject({ production: true, host: '0.0.0.0', livemode: true });
    expect(config.stripeWebhookSecrets).toEqual(['whsec_a', 'whsec_b']);
  });

  it('names everything that is missing in production in one message', () => {
    const named = problemsOf({ NODE_ENV: 'production' }).map((problem) => problem.split(' ')[0]);
    expect(named.sort()).toEqual([
      'ADMIN_EMAIL',
      'ADMIN_PASSWORD',
      'JWT_SECRET',
      'SESSION_SECRET',
      'STRIPE_SECRET_KEY',
      'STRIPE_WEBHOOK_SECRETS',
    ]);
  });

  it.each([
    ['a host that others can reach', { HOST: '0.0.0.0' }],
    ['a live Stripe key', { STRIPE_SECRET_KEY: 'sk_live_abc' }],
  ])('does not take demo values with %s', (_title, variables) => {
    expect(problemsOf(variables).map((problem) => problem.split(' ')[0])).toContain('JWT_SECRET');
  });

  it.each([
    ['JWT_SECRET', DEMO.jwtSecret],
    ['SESSION_SECRET', DEMO.sessionSecret],
    ['ADMIN_PASSWORD', DEMO.adminPassword],
  ])('refuses the demo value of %s in production, also when it is set', (name, value) => {
    const problems = problemsOf({ ...PRODUCTION, [name]: value });
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([name]);
    expect(problems.join()).not.toContain(value);
    expect(problemsOf({ [name]: value })).toEqual([]);
  });

  it.each([
    ['JWT_PUBLIC_KEY', 'hello'],
    ['JWT_PUBLIC_KEY', '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----'],
    ['JWT_JWKS_URL', 'auth.example.com/jwks.json'],
  ])('does not ask for a secret in production where %s was meant, but is wrong', (name, value) => {
    const { JWT_SECRET: _unset, ...variables } = PRODUCTION;
    expect(problemsOf({ ...variables, [name]: value }).map((problem) => problem.split(' ')[0])).toEqual([name]);
    expect(problemsOf({ ...PRODUCTION, [name]: value }).join()).toContain(`JWT_SECRET and ${name} are both set`);
  });

  it('counts the bytes of a secret, not its characters', () => {
    expect(problemsOf({ JWT_SECRET: 'é'.repeat(16) })).toEqual([]);
    expect(problemsOf({ JWT_SECRET: `${'é'.repeat(15)}x` })).toEqual(['JWT_SECRET must have at least 32 bytes']);
  });

  it('names wrong values together with what is missing because of others', () => {
    const problems = problemsOf({ NODE_ENV: 'production', PORT: 'many', JWT_SECRET: 'short' });
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual(
      expect.arrayContaining(['PORT', 'JWT_SECRET', 'STRIPE_SECRET_KEY', 'SESSION_SECRET']),
    );
  });

  it.each<[string, Record<string, string>, string]>([
    ['an empty webhook secret', { STRIPE_WEBHOOK_SECRETS: '' }, 'STRIPE_WEBHOOK_SECRETS'],
    ['an empty entry among webhook secrets', { STRIPE_WEBHOOK_SECRETS: 'whsec_a,,whsec_b' }, 'STRIPE_WEBHOOK_SECRETS'],
    ['an empty JWT secret', { JWT_SECRET: ' ' }, 'JWT_SECRET'],
    ['a short JWT secret', { JWT_SECRET: 'x'.repeat(31) }, 'JWT_SECRET'],
    [
      'two ways to verify tokens',
      { JWT_SECRET: 'x'.repeat(32), JWT_JWKS_URL: 'https://example.com/jwks' },
      'JWT_SECRET',
    ],
    ['a key that is none', { JWT_PUBLIC_KEY: 'hello' }, 'JWT_PUBLIC_KEY'],
    ['a key of another curve', { JWT_PUBLIC_KEY: pem('ec', 'P-384') }, 'JWT_PUBLIC_KEY'],
    ['a key of another kind', { JWT_PUBLIC_KEY: pem('ed25519') }, 'JWT_PUBLIC_KEY'],
    ['a database of another kind', { DATABASE_URL: 'mysql://localhost/x' }, 'DATABASE_URL'],
    ['a password that ends the address of the database', { DATABASE_URL: 'postgres://me:a#b@db/x' }, 'DATABASE_URL'],
    ['a port that does not exist', { MIGRATION_DATABASE_URL: 'postgres://db:99999/x' }, 'MIGRATION_DATABASE_URL'],
    ['an address that no path can be put after', { PUBLIC_URL: 'https://a.example?b=c' }, 'PUBLIC_URL'],
    ['an address with a fragment', { PUBLIC_URL: 'https://a.example/#b' }, 'PUBLIC_URL'],
    ['an address with a user', { PUBLIC_URL: 'https://me:pw@a.example' }, 'PUBLIC_URL'],
    ['a number that is not written in digits', { PORT: '0x1F90' }, 'PORT'],
    ['a number in powers of ten', { RATE_LIMIT_HOST: '6e3' }, 'RATE_LIMIT_HOST'],
    ['a time zone that does not exist', { PAYOUT_TIMEZONE: 'Mars/Olympus' }, 'PAYOUT_TIMEZONE'],
    ['payouts every day', { PAYOUT_CRON: '0 6 * * *' }, 'PAYOUT_CRON'],
    ['payouts twice a month', { PAYOUT_CRON: '0 6 1,15 * *' }, 'PAYOUT_CRON'],
    ['payouts at two hours of the 1st', { PAYOUT_CRON: '0 6,7 1 * *' }, 'PAYOUT_CRON'],
    ['a cron expression that is none', { PAYOUT_CRON: 'every 1 st at 6' }, 'PAYOUT_CRON'],
    ['a country that does not exist', { DEFAULT_COUNTRY: 'XX' }, 'DEFAULT_COUNTRY'],
    ['a minimum without its currency', { MIN_PAYOUT: '2500' }, 'MIN_PAYOUT'],
    ['a publishable Stripe key', { STRIPE_SECRET_KEY: 'pk_test_abc' }, 'STRIPE_SECRET_KEY'],
    ['a proxy range that is none', { TRUST_PROXY: '10.0.0.0/99' }, 'TRUST_PROXY'],
    ['an IP rule that does not exist', { AFFILIATE_IP_RULE: 'maybe' }, 'AFFILIATE_IP_RULE'],
    [
      'clicks that leave before they expire',
      { COOKIE_WINDOW_DAYS: '90', CLICK_RETENTION_DAYS: '60' },
      'CLICK_RETENTION_DAYS',
    ],
    ['a window of no days', { COOKIE_WINDOW_DAYS: '0' }, 'COOKIE_WINDOW_DAYS'],
    ['a switch that is neither on nor off', { CLAWBACK_REVERSE_TRANSFERS: 'yes' }, 'CLAWBACK_REVERSE_TRANSFERS'],
    ['a mail server without a sender', { SMTP_URL: 'smtp://mail.example.com' }, 'MAIL_FROM'],
    ['a sender without a mail server', { MAIL_FROM: 'partners@example.com' }, 'SMTP_URL'],
    ['a mail server that is empty', { SMTP_URL: '', MAIL_FROM: 'partners@example.com' }, 'SMTP_URL'],
    ['a mail server of another kind', { SMTP_URL: 'https://mail.example.com', MAIL_FROM: 'a@example.com' }, 'SMTP_URL'],
    [
      'a user of the mail server without password',
      { SMTP_URL: 'smtp://me@mail.example', MAIL_FROM: 'a@b.c' },
      'SMTP_URL',
    ],
    ['a password that is not encoded', { SMTP_URL: 'smtp://me:100%x@mail.example', MAIL_FROM: 'a@b.c' }, 'SMTP_URL'],
    ['options after the mail server', { SMTP_URL: 'smtp://mail.example?tls=no', MAIL_FROM: 'a@b.c' }, 'SMTP_URL'],
    ['a sender that is no address', { SMTP_URL: 'smtp://mail.example', MAIL_FROM: 'Acme' }, 'MAIL_FROM'],
    [
      'a sender with a second header',
      { SMTP_URL: 'smtp://mail.example', MAIL_FROM: 'A\r\nBcc: x <a@b.c>' },
      'MAIL_FROM',
    ],
    ['a language that there are no texts in', { MAIL_LOCALE: 'fr' }, 'MAIL_LOCALE'],
  ])('refuses %s', (_title, variables, name) => {
    const problems = problemsOf(variables);
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([name]);
    const secret = variables['JWT_SECRET'] ?? variables['JWT_PUBLIC_KEY'] ?? variables['STRIPE_SECRET_KEY'];
    if (secret?.trim()) expect(problems.join()).not.toContain(secret);
  });

  it.each([
    ['RS256', pem('rsa')],
    ['ES256', pem('ec')],
    ['RS256', pem('rsa').replaceAll('\n', '\\n')],
  ])('pins %s by the key that is given', (algorithm, key) => {
    expect(readConfig({ JWT_PUBLIC_KEY: key }).jwt).toMatchObject({ kind: 'public_key', algorithm });
  });

  it('sends no e-mails unless a mail server and a sender are named', () => {
    expect(readConfig({}).mail).toBeNull();
    const variables = {
      SMTP_URL: 'smtp://me:p%40ss%3A@mail.example.com',
      MAIL_FROM: '"Acme, Inc." <partners@acme.com>',
    };
    expect(readConfig(variables).mail).toEqual({
      smtp: {
        host: 'mail.example.com',
        port: 587,
        implicitTls: false,
        requireTls: true,
        isLocal: false,
        user: 'me',
        password: 'p@ss:',
      },
      from: { name: 'Acme, Inc.', address: 'partners@acme.com' },
      messagesPerSecond: 10,
    });
  });

  it.each([
    ['smtps://mail.example.com', { port: 465, implicitTls: true, requireTls: false }],
    ['smtp://mail.example.com:25', { port: 25, implicitTls: false, requireTls: false }],
    ['smtp://a:b@localhost:1025', { host: 'localhost', port: 1025, requireTls: false }],
    ['smtp://a:b@[::1]', { host: '::1', requireTls: false }],
  ])('never sends a password in clear over a network: %s', (SMTP_URL, smtp) => {
    expect(readConfig({ SMTP_URL, MAIL_FROM: 'a@b.c' }).mail).toMatchObject({ smtp });
  });

  it('takes empty values of what is no secret for unset, as .env files leave them', () => {
    expect(readConfig({ DATABASE_URL: '', SITE_URL: ' ' }).siteUrl).toBe('http://localhost:3000');
  });

  it('gives every currency the same minimum in major units as usd, unless it is named', () => {
    const config = readConfig({ MIN_PAYOUT: 'eur:2000,usd:2550' });
    expect(['eur', 'usd', 'gbp', 'jpy', 'kwd', 'isk'].map((currency) => config.minPayoutMinor(currency))).toEqual([
      2000n,
      2550n,
      2550n,
      26n,
      25500n,
      2550n,
    ]);
  });
});
