import { serveRedirects } from './plain-redirect.js';

/** What the framework can do: nothing is recorded. */
await serveRedirects(() => undefined);
