import createClient, { type Middleware } from 'openapi-fetch';
import type { paths } from '../../generated/api';
import { bearerToken, endSession, renewToken } from './session';

/** What the API answered instead of what was asked for; status 0 when there was no answer at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string | null,
  ) {
    super(message);
  }
}

/** Sends a request as whoever this page is for; a token that has run out is renewed once. */
export async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const answer = await sendOnce(request);
  if (answer.status !== 401) return answer;
  return (await renewToken()) ? sendOnce(again) : answer;
}

async function sendOnce(request: Request): Promise<Response> {
  const token = bearerToken();
  if (token !== null) request.headers.set('authorization', `Bearer ${token}`);
  try {
    return await fetch(request);
  } catch (error) {
    throw new ApiError(0, 'no_answer', error instanceof Error ? error.message : String(error), null);
  }
}

/** Throws what is no success, and ends the session where the API says that there is none. */
export async function refuseFailure(response: Response): Promise<void> {
  if (response.ok) return;
  const error = await readError(response);
  if (response.status === 401) endSession({ kind: 'ended', reason: error.reason });
  throw new ApiError(response.status, error.code, error.message, error.requestId);
}

interface ErrorAnswer {
  code: string;
  message: string;
  requestId: string | null;
  reason: string | null;
}

async function readError(response: Response): Promise<ErrorAnswer> {
  const nothing = { code: 'unknown', message: response.statusText, requestId: null, reason: null };
  // Something between here and the API may answer in its place, and not in JSON.
  if (!(response.headers.get('content-type') ?? '').includes('json')) return nothing;
  const { error } = (await response.json()) as {
    error?: { code: string; message: string; requestId: string; details?: { reason?: string } };
  };
  return error ? { ...error, reason: error.details?.reason ?? null } : nothing;
}

const failures: Middleware = {
  onResponse: async ({ response }) => {
    await refuseFailure(response);
    return undefined;
  },
};

export const api = createClient<paths>({ baseUrl: window.location.origin, fetch: send });
api.use(failures);

/** The body of an answer that `failures` let through. One that may also be a file was not asked for as one. */
export function bodyOf<T>({ data }: { data?: T }): Exclude<T, string> {
  if (data === undefined || typeof data === 'string') {
    throw new ApiError(0, 'no_json', 'The answer is not what was asked for.', null);
  }
  return data as Exclude<T, string>;
}
