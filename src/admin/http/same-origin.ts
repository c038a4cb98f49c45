import type { FastifyRequest } from 'fastify';
import { HttpError } from '../../http/http-error.js';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses what another site's page makes a browser send. Every browser names the page's origin with an unsafe request;
 * it must be ours: PUBLIC_URL's, or the very host that was asked. Without one, nobody's cookie may be used: only the
 * log-in form, which carries its own proof, is taken from programs.
 * @throws HttpError 403 `foreign_origin`.
 */
export function refuseForeignOrigin(request: FastifyRequest, publicUrl: string, loginPath: string): void {
  if (SAFE_METHODS.has(request.method)) return;
  const { origin } = request.headers;
  const path = request.url.split('?', 1)[0];
  const isOurs =
    origin === undefined ? path === loginPath && !isFromBrowser(request) : isOwnOrigin(origin, request, publicUrl);
  if (!isOurs) {
    throw new HttpError(403, 'foreign_origin', "This may only be sent by the admin panel's own pages.");
  }
}

/** Whether a GET that ends something was not made by a page of another site. */
export function isOwnNavigation(request: FastifyRequest): boolean {
  const site = request.headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none';
}

function isOwnOrigin(origin: string, request: FastifyRequest, publicUrl: string): boolean {
  if (origin === new URL(publicUrl).origin) return true;
  return URL.canParse(origin) && new URL(origin).host === request.host;
}

function isFromBrowser(request: FastifyRequest): boolean {
  return request.headers['sec-fetch-site'] !== undefined;
}
