import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { startTestApp, type TestApp } from '../../setup/app.js';

const INDEX =
  '<!doctype html><title>Dashboard</title><script type="module" src="/dashboard/assets/main-Ab12.js"></script>';
const SCRIPT = 'document.title = "Dashboard";'.repeat(50);

let folder: string;
let api: TestApp;

/** As scripts/bundle-dashboard.mjs leaves it. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fairshare-page-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), INDEX);
  writeFileSync(join(folder, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  const script = join(folder, 'assets', 'main-Ab12.js');
  writeFileSync(script, SCRIPT);
  writeFileSync(`${script}.br`, brotliCompressSync(SCRIPT));
  writeFileSync(`${script}.gz`, gzipSync(SCRIPT));
  api = await startTestApp({ dashboardFolder: folder });
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}) =>
  api.request<string>('GET', path, { token: '', headers });

describe('the dashboard’s page', () => {
  it.each([
    '/dashboard',
    '/dashboard/',
    '/dashboard?x=1',
    '/dashboard/payouts',
    '/dashboard/commissions/com_01',
    '/dashboard/open/x',
  ])('is there at %s', async (path) => {
    const { status, text, headers } = await get(path);
    expect([status, text]).toEqual([200, INDEX]);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-cache');
  });

  it('runs its own files only, in no frame', async () => {
    const { headers } = await get('/dashboard/payouts');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy.split(';').sort()).toEqual([
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "font-src 'self'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "img-src 'self' data:",
      "script-src 'self'",
      "style-src 'self'",
    ]);
    expect(headers.get('x-frame-options')?.toUpperCase()).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('is framed by the origins that the operator names, and by no others', async () => {
    const embedded = await startTestApp({
      dashboardFolder: folder,
      env: { DASHBOARD_EMBED_ORIGINS: 'https://app.example.com, https://www.example.com/' },
    });
    try {
      const page = await embedded.request('GET', '/dashboard', { token: '' });
      const policy = page.headers.get('content-security-policy')?.split(';') ?? [];
      expect(policy).toContain('frame-ancestors https://app.example.com https://www.example.com');
      expect(page.headers.get('x-frame-options')).toBeNull();
      const opening = await embedded.request('GET', `/dashboard/open?token=${'a'.repeat(43)}`, { token: '' });
      expect(opening.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      const config = await embedded.request('GET', '/dashboard/config.json', { token: '' });
      expect(config.body).toEqual({
        publicUrl: 'http://localhost:3000',
        siteUrl: 'https://app.example.com',
        embedOrigins: ['https://app.example.com', 'https://www.example.com'],
      });
      const admin = await embedded.request('GET', '/onboarding/return', { token: '' });
      expect(admin.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    } finally {
      await embedded.close();
    }
  });

  it('has files that browsers keep for good, compressed for those who can read that', async () => {
    for (const [accepted, encoding] of [
      ['br, gzip', 'br'],
      ['gzip', 'gzip'],
      ['identity', null],
    ] as const) {
      const { status, text, headers } = await get('/dashboard/assets/main-Ab12.js', { 'accept-encoding': accepted });
      expect([status, text, headers.get('content-encoding')]).toEqual([200, SCRIPT, encoding]);
      expect(headers.get('content-type')).toMatch(/^(text|application)\/javascript/);
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(headers.get('vary')?.toLowerCase()).toContain('accept-encoding');
    }
    const icon = await get('/dashboard/icon.svg');
    expect([icon.status, icon.headers.get('cache-control')]).toEqual([200, 'no-cache']);
  });

  it.each([
    '/dashboard/assets/main-Cd34.js',
    '/dashboard/assets/x',
    '/dashboard/missing.css',
    '/dashboard/../package.json',
    '/dashboard/%2e%2e/package.json',
    '/dashboard/..%2fpackage.json',
    '/dashboard/assets/..%2f..%2fpackage.json',
  ])('has no other file: %s', async (path) => {
    const { status, text } = await get(path);
    expect([400, 404]).toContain(status);
    expect(text).not.toContain('fairshare');
  });

  it('tells an operator who has not built it how to', async () => {
    const bare = await startTestApp({ dashboardFolder: join(folder, 'nowhere') });
    try {
      for (const path of ['/dashboard', '/dashboard/payouts']) {
        const { status, text } = await bare.request<string>('GET', path, { token: '' });
        expect([status, text]).toEqual([503, expect.stringContaining('npm run build')]);
      }
      expect((await bare.request('GET', '/dashboard/config.json', { token: '' })).status).toBe(200);
    } finally {
      await bare.close();
    }
  });
});
