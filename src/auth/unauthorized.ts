import { HttpError } from '../http/http-error.js';

/** 401. With a reason there was a token, but a bad one; without, there was none. */
export function unauthorized(reason?: string): HttpError {
  const challenge =
    reason === undefined ? 'Bearer realm="fairshare"' : 'Bearer realm="fairshare", error="invalid_token"';
  const message = reason ?? 'Send a token as Authorization: Bearer <JWT>.';
  return new HttpError(401, 'unauthorized', message, {}, { 'www-authenticate': challenge });
}
