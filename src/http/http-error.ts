/**
 * A refusal that belongs to HTTP rather than to a domain rule: no token, too many requests, a body that cannot be
 * read. Features throw DomainError instead.
 */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    /** Stable, machine-readable: `rate_limited`. */
    readonly code: string,
    /** One sentence a developer can act on. */
    message: string,
    readonly details: Record<string, unknown> = {},
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
    this.name = 'HttpError';
  }
}

export function tooManyRequests(message: string, retryAfterSeconds: number): HttpError {
  return new HttpError(
    429,
    'rate_limited',
    message,
    { retryAfterSeconds },
    { 'retry-after': String(retryAfterSeconds) },
  );
}
