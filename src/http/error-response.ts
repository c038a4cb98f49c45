import { HttpException } from '@nestjs/common';
import { DomainError, type DomainErrorKind } from '../common/domain-error.js';
import { isDatabaseUnavailable } from '../database/database-errors.js';
import { HttpError } from './http-error.js';

export interface ErrorBody {
  error: { code: string; message: string; details: Record<string, unknown>; requestId: string };
}

export interface ErrorResponse {
  status: number;
  headers: Record<string, string>;
  body: ErrorBody;
}

const STATUS_OF_KIND: Record<DomainErrorKind, number> = {
  invalid: 400,
  not_found: 404,
  conflict: 409,
  rule: 422,
  unavailable: 503,
};

/** Long enough for a database fail-over to have made progress, short enough that a retry comes soon. */
const RETRY_AFTER_SECONDS = 5;

/** What Fastify and Nest refuse by themselves, in our words: theirs name internals or the requested address. */
const OF_STATUS: Record<number, { code: string; message: string }> = {
  400: { code: 'invalid_request', message: 'The request cannot be read.' },
  401: { code: 'unauthorized', message: 'Send a valid token as Authorization: Bearer <JWT>.' },
  403: { code: 'forbidden', message: 'This token may not do that.' },
  404: { code: 'route_not_found', message: 'There is no such route; /docs lists them all.' },
  405: { code: 'method_not_allowed', message: 'The route exists, but not with this method.' },
  408: { code: 'request_timeout', message: 'The request took too long to arrive.' },
  413: { code: 'body_too_large', message: 'The body may have at most 1 MiB.' },
  414: { code: 'uri_too_long', message: 'The address or one of its parts is too long.' },
  415: { code: 'unsupported_media_type', message: 'Send the body as Content-Type: application/json.' },
  431: { code: 'headers_too_large', message: 'The headers are too large.' },
};

/** The one place where an error becomes an answer. Says nothing about causes that are ours. */
export function toErrorResponse(error: unknown, requestId: string): ErrorResponse {
  const answer = (
    status: number,
    code: string,
    message: string,
    details: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ): ErrorResponse => ({ status, headers, body: { error: { code, message, details, requestId } } });

  if (error instanceof DomainError) {
    const headers = error.kind === 'unavailable' ? { 'retry-after': String(RETRY_AFTER_SECONDS) } : undefined;
    return answer(STATUS_OF_KIND[error.kind], error.code, error.message, error.details, headers);
  }
  if (error instanceof HttpError) return answer(error.status, error.code, error.message, error.details, error.headers);
  if (isDatabaseUnavailable(error)) {
    return answer(
      503,
      'database_unavailable',
      'The database is away or too busy; try again.',
      {},
      { 'retry-after': String(RETRY_AFTER_SECONDS) },
    );
  }
  const status = statusOfFramework(error);
  const known = OF_STATUS[status];
  if (known) return answer(status, known.code, known.message);
  return answer(500, 'internal_error', 'Something went wrong on our side; the request id finds it in the log.');
}

/** The status that Nest's HttpException or a Fastify error carries; 500 for anything else. */
function statusOfFramework(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const statusCode = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof statusCode === 'number' ? statusCode : 500;
}
