import { Fairshare } from '@fairshare/sdk';
import { NEWS_TYPES } from './affiliates.js';
import type { Settings } from './settings.js';

/**
 * Asks the service to tell this app what happens, and returns the secret by which to know that it was the service. Done at
 * each start, since this example has nowhere to keep a secret; your app does it once.
 */
export async function registerWebhooks({ url: appUrl, fairshareUrl, fairshareSecret }: Settings): Promise<string> {
  const fairshare = new Fairshare({ url: fairshareUrl, secret: fairshareSecret });
  const url = `${appUrl}/webhooks/fairshare`;
  for await (const known of fairshare.list('/v1/webhook-endpoints')) {
    if (known.url === url) await fairshare.delete('/v1/webhook-endpoints/{id}', { path: { id: known.id } });
  }
  const { secret } = await fairshare.post('/v1/webhook-endpoints', { body: { url, events: NEWS_TYPES } });
  if (secret === undefined) throw new Error('The new webhook endpoint came without its secret.');
  return secret;
}
