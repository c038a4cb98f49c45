import { ServerResponse, type IncomingMessage } from 'node:http';
import helmet, { type HelmetOptions } from 'helmet';

type Directives = Record<string, string[]>;

const NOTHING: Directives = {
  'default-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
};

/** Swagger UI: its own scripts and styles, of which it writes some inline; calls to this server ("Try it out"). */
const DOCS: Directives = {
  ...NOTHING,
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
};

/** Static pages of ours: styles in the page, nothing else. */
const PAGES: Directives = { ...NOTHING, 'style-src': ["'unsafe-inline'"] };

/** AdminJS writes its state into an inline script and evaluates its bundle of components. */
const ADMIN: Directives = {
  ...NOTHING,
  'script-src': ["'self'", "'unsafe-inline'", "'unsafe-eval'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:', 'blob:'],
  'font-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'form-action': ["'self'"],
};

/** The affiliates' page: files of ours only. */
const DASHBOARD: Directives = {
  ...NOTHING,
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'form-action': ["'self'"],
};

const BY_PREFIX: [prefix: string, directives: Directives][] = [
  ['/docs', DOCS],
  ['/onboarding', PAGES],
  ['/admin', ADMIN],
  ['/dashboard', DASHBOARD],
];

type Headers = Record<string, string>;

/**
 * Makes the function that says which security headers an answer gets, by the address asked for. helmet writes them
 * once, here; per request they are a constant.
 */
export function createSecurityHeaders(publicUrl: string): (url: string) => Headers {
  const https = publicUrl.startsWith('https:');
  const strict = writeHeaders(NOTHING, https);
  const byPrefix = BY_PREFIX.map(([prefix, directives]) => [prefix, writeHeaders(directives, https)] as const);
  return (url) => byPrefix.find(([prefix]) => url.startsWith(prefix))?.[1] ?? strict;
}

function writeHeaders(directives: Directives, https: boolean): Headers {
  const options: HelmetOptions = {
    contentSecurityPolicy: { useDefaults: false, directives },
    strictTransportSecurity: https,
    crossOriginResourcePolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
  };
  // helmet is a middleware: it writes to a response, so it is given one that is never sent.
  const response = new ServerResponse({ method: 'GET' } as IncomingMessage);
  helmet(options)({} as IncomingMessage, response, (error) => {
    if (error) throw error;
  });
  return Object.fromEntries(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]));
}
