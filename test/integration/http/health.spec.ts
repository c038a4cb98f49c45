import { startTestApp, type TestApp } from '../../setup/app.js';

describe('health and metrics', () => {
  let api: TestApp;

  beforeAll(async () => {
    api = await startTestApp();
  });
  afterAll(async () => api.close());

  it('is live and ready while the database answers', async () => {
    expect((await api.request('GET', '/health/live', { token: '' })).body).toEqual({ status: 'ok' });
    const ready = await api.request('GET', '/health/ready', { token: '' });
    expect(ready).toMatchObject({ status: 200, body: { status: 'ok', details: { database: { status: 'up' } } } });
  });

  it('measures requests by route pattern', async () => {
    await api.request('GET', '/v1/affiliates/aff_unknown', {});
    const { text } = await api.request('GET', '/metrics', { token: '' });
    expect(text).toContain('nodejs_eventloop_lag_seconds');
    expect(text).toContain('fairshare_http_request_duration_seconds_count{method="GET"');
    expect(text).not.toContain('aff_unknown');
  });
});
