import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpError } from './http-error.js';
import { parseJsonBody } from './json-body.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The bytes as they came; set on RAW_BODY_ROUTES only, whose body nobody parses. */
    rawBody?: Buffer;
  }
}

export const BODY_LIMIT_BYTES = 1024 * 1024;

/** Routes that verify a signature over the bytes, so nothing may parse them before. */
const RAW_BODY_ROUTES = new Set(['/stripe/webhooks']);

/** Routes whose address says all: a mail program may send a form of any kind with it (RFC 8058), which nobody reads. */
const UNREAD_BODY_ROUTES = new Set(['/unsubscribe', '/unsubscribe/undo']);

type Done = (error: Error | null, body?: unknown) => void;

/**
 * JSON for the API, forms for pages, raw bytes for webhooks, 415 for the rest. A request to an unknown route is never
 * read, so that it is answered 404 whatever it carries.
 */
export function registerBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, raw: Buffer, done) => {
    if (!skipsParsing(request, raw, done)) parseWith(parseJsonBody, raw, done);
  });
  fastify.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    (request, raw: Buffer, done) => {
      if (skipsParsing(request, raw, done)) return;
      // A browser sends forms across origins without asking, so the API must not read them.
      if (isApi(request)) done(unsupported());
      else parseWith((bytes) => Object.fromEntries(new URLSearchParams(bytes.toString('utf8'))), raw, done);
    },
  );
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (request, raw: Buffer, done) => {
    if (!skipsParsing(request, raw, done)) done(unsupported());
  });
}

function skipsParsing(request: FastifyRequest, raw: Buffer, done: Done): boolean {
  const route = request.routeOptions.url;
  if (route === undefined || UNREAD_BODY_ROUTES.has(route)) {
    done(null, undefined);
    return true;
  }
  if (!RAW_BODY_ROUTES.has(route)) return false;
  request.rawBody = raw;
  done(null, undefined);
  return true;
}

function isApi(request: FastifyRequest): boolean {
  return request.routeOptions.url?.startsWith('/v1') ?? false;
}

function parseWith(parse: (raw: Buffer) => unknown, raw: Buffer, done: Done): void {
  let body: unknown;
  try {
    body = parse(raw);
  } catch (error) {
    done(error as Error);
    return;
  }
  done(null, body);
}

function unsupported(): HttpError {
  return new HttpError(415, 'unsupported_media_type', 'Send the body as Content-Type: application/json.');
}
