import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const SANE = /^[\w-]{1,64}$/;

/**
 * Makes the function that names each request: the caller's own X-Request-Id when it is sane, else a process-wide
 * random prefix and a counter, which costs nothing per request and is unique across instances.
 */
export function createRequestIds(): (request: Pick<IncomingMessage, 'headers'>) => string {
  const prefix = randomBytes(6).toString('hex');
  let counter = 0;
  return (request) => {
    const given = request.headers['x-request-id'];
    if (typeof given === 'string' && SANE.test(given)) return given;
    return `req_${prefix}_${(++counter).toString(36)}`;
  };
}
