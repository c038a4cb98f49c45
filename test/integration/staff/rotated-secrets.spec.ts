import { createSecretKey } from 'node:crypto';
import { readConfig, type Config } from '../../../src/config/config.js';
import { WebhookSecrets } from '../../../src/events/webhooks/webhook-secrets.js';
import { UnsubscribeLinks } from '../../../src/mail/preferences/unsubscribe-links.js';
import { TotpSecrets } from '../../../src/staff/totp-secrets.js';
import { startTestApp } from '../../setup/app.js';

const [OLD, NEW, OTHER] = ['o', 'n', 'x'].map((letter) => letter.repeat(40)) as [string, string, string];

const configWith = (env: Record<string, string>): Config => readConfig({ NODE_ENV: 'test', ...env });

describe('another SESSION_SECRET', () => {
  const before = configWith({ SESSION_SECRET: OLD });
  const during = configWith({ SESSION_SECRET: NEW, SESSION_SECRET_PREVIOUS: OLD });
  const after = configWith({ SESSION_SECRET: NEW });

  it('keeps what was made before readable while the previous one is known, and ends it then', () => {
    const authenticator = new TotpSecrets(before).encrypt(Buffer.from('seed'), 'stf_1');
    const { kept } = new WebhookSecrets(before).create('whe_1');
    const endpoint = { id: 'whe_1', secret: kept, previousSecret: null, previousSecretUntil: null };
    const message = { id: 'evt_1', sentAt: new Date('2026-12-01T00:00:00Z'), body: '{}' };
    const signature = new WebhookSecrets(before).sign(endpoint, message);
    const link = new UnsubscribeLinks(before).tokenFor({
      affiliateId: 'aff_01m8h9p3wje019fgr5e15rz8pe',
      occasion: 'payout_paid',
    });
    const readBy = (config: Config): unknown[] => [
      new TotpSecrets(config).decrypt(authenticator, 'stf_1')?.toString() ?? null,
      new WebhookSecrets(config).sign(endpoint, message),
      new UnsubscribeLinks(config).read(link)?.occasion ?? null,
    ];
    expect(signature).toMatch(/^v1,/);
    expect(readBy(during)).toEqual(['seed', signature, 'payout_paid']);
    expect(readBy(after)).toEqual([null, null, null]);
  });

  it('makes everything new under itself', () => {
    const authenticator = new TotpSecrets(during).encrypt(Buffer.from('seed'), 'stf_1');
    expect(new TotpSecrets(after).decrypt(authenticator, 'stf_1')?.toString()).toBe('seed');
    expect(new TotpSecrets(before).decrypt(authenticator, 'stf_1')).toBeNull();
  });
});

describe('another JWT_SECRET', () => {
  it('lets in tokens of either while the previous one is known, and nobody else', async () => {
    const api = await startTestApp({ background: false, env: { JWT_SECRET: NEW, JWT_SECRET_PREVIOUS: OLD } });
    const statusOf = async (secret: string, scope = 'host'): Promise<number> => {
      const token = api.token(scope, 'host-app', { key: createSecretKey(Buffer.from(secret)) });
      return (await api.request('GET', '/v1/plans', { token })).status;
    };
    expect(await Promise.all([NEW, OLD, OTHER].map((secret) => statusOf(secret)))).toEqual([200, 200, 401]);
    expect(await statusOf(OLD, 'affiliate')).toBe(403);
    const unsigned = api.token('host', 'host-app', { algorithm: 'none' });
    expect((await api.request('GET', '/v1/plans', { token: unsigned })).status).toBe(401);
    await api.close();
  });

  it('needs a present one beside the previous', () => {
    expect(() => configWith({ JWT_SECRET_PREVIOUS: OLD })).toThrow('JWT_SECRET_PREVIOUS is set without JWT_SECRET');
  });
});
