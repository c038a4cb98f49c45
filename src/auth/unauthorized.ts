import { HttpError } from '../http/http-error.js';
import type { SessionEnd } from './dashboard-sessions.service.js';

/** 401. With a reason there was a token, but a bad one; without, there was none. */
export function unauthorized(reason?: string): HttpError {
  const challenge =
    reason === undefined ? 'Bearer realm="fairshare"' : 'Bearer realm="fairshare", error="invalid_token"';
  const message = reason ?? 'Send a token as Authorization: Bearer <JWT>.';
  return new HttpError(401, 'unauthorized', message, {}, { 'www-authenticate': challenge });
}

const SESSION_ENDS: Record<SessionEnd, string> = {
  session_ended: 'The session has ended; open the dashboard by a new link.',
  affiliate_suspended: 'The session has ended, since the affiliate was suspended.',
};

/** 401 for a browser whose session is none any more; `details.reason` tells its page what to say. */
export function sessionOver(reason: SessionEnd): HttpError {
  return new HttpError(401, 'unauthorized', SESSION_ENDS[reason], { reason });
}
