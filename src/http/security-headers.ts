import { ServerResponse, type IncomingMessage } from 'node:http';
import helmet, { type HelmetOptions } from 'helmet';
import type { Config } from '../config/config.js';

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

/** The affiliates' page: files of ours only, in frames of nobody but whom the operator named. */
const dashboard = (embedOrigins: ReadonlySet<string>): Directives => ({
  ...NOTHING,
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'frame-ancestors': embedOrigins.size === 0 ? ["'none'"] : [...embedOrigins],
});

type Headers = Record<string, string>;

/**
 * Makes the function that says which security headers an answer gets, by the address asked for. helmet writes them
 * once, here; per request they are a constant.
 */
export function createSecurityHeaders({
  publicUrl,
  dashboardEmbedOrigins,
}: Pick<Config, 'publicUrl' | 'dashboardEmbedOrigins'>): (url: string) => Headers {
  const https = publicUrl.startsWith('https:');
  const strict = writeHeaders(NOTHING, https);
  const prefixes: [prefix: string, directives: Directives][] = [
    ['/docs', DOCS],
    ['/admin', ADMIN],
    ['/dashboard', dashboard(dashboardEmbedOrigins)],
  ];
  const byPrefix = prefixes.map(([prefix, directives]) => [prefix, writeHeaders(directives, https)] as const);
  return (url) => byPrefix.find(([prefix]) => url.startsWith(prefix))?.[1] ?? strict;
}

function writeHeaders(directives: Directives, https: boolean): Headers {
  const options: HelmetOptions = {
    contentSecurityPolicy: { useDefaults: false, directives },
    strictTransportSecurity: https,
    crossOriginResourcePolicy: { policy: 'same-origin' },
    // It knows no list of origins: where some may frame a page, the policy alone says who.
    xFrameOptions: isUnframed(directives) && { action: 'deny' },
  };
  // helmet is a middleware: it writes to a response, so it is given one that is never sent.
  const response = new ServerResponse({ method: 'GET' } as IncomingMessage);
  helmet(options)({} as IncomingMessage, response, (error) => {
    if (error) throw error;
  });
  return Object.fromEntries(Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]));
}

function isUnframed(directives: Directives): boolean {
  return directives['frame-ancestors']?.[0] === "'none'";
}
