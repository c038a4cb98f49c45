import { createApp } from './app.js';
import { readSettings } from './settings.js';
import { registerWebhooks } from './webhooks.js';

const settings = readSettings(process.env);
const webhookSecret = settings.webhookSecret ?? (await registerWebhooks(settings));
const server = createApp({ ...settings, webhookSecret }).listen(settings.port, '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`Cadence: ${settings.url}`);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}
