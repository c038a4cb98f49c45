import type { OpenAPIObject } from '@nestjs/swagger';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals } from '../../setup/host.js';
import { deliver, eventOf, paidInvoice } from '../../setup/webhooks.js';

/** Failure 62, over every route that the document names, so that a new route is covered the day it is added. */
describe('what belongs to another affiliate', () => {
  let api: TestApp;
  let paths: [string, string][];

  beforeAll(async () => {
    api = await startTestApp();
    await affiliateWithReferrals(api, 'Mine', ['customer-of-mine']);
    await affiliateWithReferrals(api, 'Other', []);
    await deliver(api, eventOf(api, 'invoice.paid', paidInvoice(api, { userId: 'customer-of-mine' })));
    await api.settle();
    const { body } = await api.request<OpenAPIObject>('GET', '/docs-json', { token: '' });
    paths = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method): [string, string] => [method.toUpperCase(), path]),
    );
  });
  afterAll(async () => api.close());

  it('is not found by id and not in any list under /v1/me', async () => {
    const commission = await api.database.prisma.commission.findFirstOrThrow();
    const referral = await api.database.prisma.referral.findFirstOrThrow();
    const secrets = [commission.id, referral.id, commission.affiliateId, 'customer-of-mine', commission.invoiceId];
    const mine = paths.filter(([method, path]) => method === 'GET' && path.startsWith('/v1/me'));
    expect(mine.length).toBeGreaterThan(5);
    for (const [method, path] of mine) {
      const token = api.token('affiliate', 'user-Other');
      const answer = await api.request(method, path.replace('{id}', commission.id), { token });
      expect([path, answer.status]).toEqual([path, path.includes('{id}') ? 404 : 200]);
      const leaked = secrets.filter((secret) => answer.text.includes(secret) && answer.status !== 404);
      expect([path, leaked]).toEqual([path, []]);
    }
  });

  it('is out of reach on every host route: a token of an affiliate is refused there', async () => {
    const host = paths.filter(([, path]) => path.startsWith('/v1/') && !path.startsWith('/v1/me'));
    expect(host.length).toBeGreaterThan(20);
    for (const [method, path] of host) {
      const token = api.token('affiliate', 'user-Mine');
      const answer = await api.request(method, path.replaceAll(/\{\w+\}/g, 'x'), {
        token,
        ...(method !== 'GET' && { body: {} }),
      });
      expect([method, path, answer.status]).toEqual([method, path, 403]);
    }
  });

  it.each([
    ['a program', {}],
    ['a page that may report clicks', { origin: 'https://app.example.com' }],
  ])('and no route under /v1 answers %s without a token, but for the clicks of such a page', async (_who, headers) => {
    for (const [method, path] of paths.filter(([, p]) => p.startsWith('/v1/'))) {
      const answer = await api.request(method, path.replaceAll(/\{\w+\}/g, 'x'), {
        token: '',
        headers,
        ...(method !== 'GET' && { body: {} }),
      });
      const isClick = 'origin' in headers && method === 'POST' && path === '/v1/clicks';
      expect([method, path, answer.status]).toEqual([method, path, isClick ? 400 : 401]);
    }
  });
});
