import { WebhookRequest } from '../../../src/events/webhooks/webhook-request.js';
import type { WebhookDeliveryPageDto } from '../../../src/events/webhooks/webhook.dto.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { affiliateWithReferrals } from '../../setup/host.js';
import { startReceiver, type WebhookReceiver } from '../../setup/webhook-receiver.js';

let api: TestApp;
let receiver: WebhookReceiver;

beforeAll(async () => {
  [api, receiver] = await Promise.all([
    startTestApp({ env: { WEBHOOK_ALLOW_PRIVATE_ADDRESSES: 'false' } }),
    startReceiver(),
  ]);
});
afterAll(async () => {
  await Promise.all([api.close(), receiver.close()]);
});

describe('a webhook endpoint at a private address', () => {
  it.each([
    ['loopback', 'http://127.0.0.1:PORT/'],
    ['loopback, another one', 'http://127.9.9.9:PORT/'],
    ['loopback as a number', 'http://2130706433:PORT/'],
    ['loopback in hexadecimal', 'http://0x7f.1:PORT/'],
    ['loopback in IPv6', 'http://[::1]:PORT/'],
    ['loopback as an IPv4-mapped address', 'http://[::ffff:127.0.0.1]:PORT/'],
    ['loopback by NAT64', 'http://[64:ff9b::7f00:1]:PORT/'],
    ['any address', 'http://0.0.0.0:PORT/'],
    ['a private network', 'http://10.0.0.1/'],
    ['another private network', 'https://192.168.1.1/'],
    ['the metadata of a cloud', 'http://169.254.169.254/latest/meta-data/'],
    ['a private network in IPv6', 'http://[fd00::1]/'],
    ['a link in IPv6', 'http://[fe80::1]/'],
    ['carrier-grade NAT', 'http://100.64.0.1/'],
    ['a name that leads there', 'http://localhost:PORT/'],
  ])('is not connected to: %s', async (_what, url) => {
    const { port } = new URL(receiver.url);
    const answer = await api.app.get(WebhookRequest).post(url.replace('PORT', port), {}, '{}');
    expect(answer).toMatchObject({ status: null, error: expect.stringContaining('not public') });
    expect(receiver.received).toEqual([]);
  });

  it('may be given, and its deliveries say why nothing comes', async () => {
    const { status } = await api.request('POST', '/v1/webhook-endpoints', { body: { url: receiver.url } });
    expect(status).toBe(201);
    await affiliateWithReferrals(api, 'Ann', []);
    await eventually(async () => {
      const { body } = await api.request<WebhookDeliveryPageDto>('GET', '/v1/webhook-deliveries');
      expect(body.data).toMatchObject([
        {
          status: 'pending',
          log: [{ outcome: 'failed', responseStatus: null, error: expect.stringContaining('not public') }],
        },
      ]);
    });
    expect(receiver.received).toEqual([]);
  });
});
