import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
  onResponseHookHandler,
  onSendHookHandler,
} from 'fastify';
import type { Config } from '../config/config.js';
import { HttpError } from './http-error.js';
import type { Metrics } from './metrics.js';
import { clientKey, type RateLimiter } from './rate-limiter.js';
import type { RequestLimit } from './request-limit.js';
import { createSecurityHeaders } from './security-headers.js';

/** Where the snippet reports clicks from pages of other origins. */
const SNIPPET_URL = '/v1/clicks';
const PREFLIGHT_CACHED_SECONDS = 600;
/** Asked every few seconds by machines; a log line each would bury the rest. */
const UNLOGGED_URLS = new Set(['/health/live', '/health/ready', '/metrics']);

/**
 * Makes the function that tells a server what happens to every request outside its route; but for referral links, which
 * have a way of their own (DirectRoutes).
 */
export function createHooks({
  config,
  metrics,
  rateLimiter,
  limit,
  logger,
}: {
  config: Config;
  metrics: Metrics;
  rateLimiter: RateLimiter;
  limit: RequestLimit;
  logger: FastifyBaseLogger;
}): (fastify: FastifyInstance) => void {
  const securityHeaders = createSecurityHeaders(config);
  const warnOfProxy = createProxyWarning(config, logger);

  const onRequest: onRequestHookHandler = (request, reply, done) => {
    warnOfProxy(request);
    const url = request.url;
    reply.header('x-request-id', request.id);
    reply.headers(securityHeaders(url));
    if (url.includes('%00')) {
      done(new HttpError(400, 'invalid_request', 'The address has a null character.'));
      return;
    }
    if (url.startsWith(SNIPPET_URL) && answersPreflight(config, request, reply)) return;
    if (url.startsWith('/docs')) rateLimiter.hitOrThrow(`docs:${clientKey(request.ip)}`, config.rateLimitPublic);
    limit.admit(request, reply, done);
  };

  const onSend: onSendHookHandler = (request, _reply, _payload, done) => {
    limit.answered(request);
    done();
  };

  const onResponse: onResponseHookHandler = (request, reply, done) => {
    const url = request.url;
    if (!UNLOGGED_URLS.has(url)) {
      const { method, id: requestId } = request;
      const { statusCode: status, elapsedTime: ms } = reply;
      // The pattern, never the address: addresses hold ids, codes and one-time tokens.
      const route = request.routeOptions.url ?? 'none';
      metrics.observeRequest(method, route, status, ms / 1000);
      // What found no room is counted; there may be thousands of it a second, and a line each would make it worse.
      const isRefused = status === 503 && request.place === null;
      if (!isRefused) logger.info({ requestId, method, route, status, ms: Math.round(ms * 10) / 10 }, 'request');
    }
    done();
  };

  return (fastify) => {
    fastify.decorateRequest('principal', null);
    fastify.decorateRequest('place', null);
    fastify.addHook('onRequest', onRequest);
    fastify.addHook('onSend', onSend);
    fastify.addHook('onResponse', onResponse);
  };
}

/**
 * CORS, for the one call that other origins' pages make. No credentials: the answer is the same for everybody.
 * @returns whether the request was a preflight and is answered.
 */
function answersPreflight(config: Config, request: FastifyRequest, reply: FastifyReply): boolean {
  reply.header('vary', 'Origin');
  const origin = request.headers.origin;
  if (origin === undefined || !config.allowedOrigins.has(origin)) return false;
  reply.header('access-control-allow-origin', origin);
  // A page of another origin may read the answer only if the resource policy says so too.
  reply.header('cross-origin-resource-policy', 'cross-origin');
  if (request.method !== 'OPTIONS') return false;
  void reply
    .header('access-control-allow-methods', 'POST')
    .header('access-control-allow-headers', 'content-type')
    .header('access-control-max-age', String(PREFLIGHT_CACHED_SECONDS))
    .status(204)
    .send();
  return true;
}

/** Says once that a proxy seems to stand in front, whose word about the client is not believed. */
function createProxyWarning(config: Config, logger: FastifyBaseLogger): (request: FastifyRequest) => void {
  let warned = config.trustProxy !== false;
  return (request) => {
    if (warned || request.headers['x-forwarded-for'] === undefined) return;
    warned = true;
    logger.warn(
      'X-Forwarded-For was sent but is not believed: set TRUST_PROXY when this service stands behind a proxy',
    );
  };
}
