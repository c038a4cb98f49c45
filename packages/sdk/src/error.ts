/** An answer whose body has been read. */
export interface Received {
  answer: Response;
  text: string;
}

/** What a call failed with. `code` never changes its meaning; `message` is a sentence for developers. */
export class FairshareError extends Error {
  override readonly name = 'FairshareError';
  /** As the service names it, or `unreachable` (no answer, or the caller gave up), `unreadable` (an answer of something in between), `webhook_not_verified`. */
  readonly code: string;
  /** The HTTP status; null when there was no answer. */
  readonly status: number | null;
  readonly details: Record<string, unknown>;
  /** Names the call in the service's log. */
  readonly requestId: string | null;

  constructor(given: {
    code: string;
    message: string;
    status?: number;
    details?: Record<string, unknown>;
    requestId?: string | null;
    cause?: unknown;
  }) {
    super(given.message, { cause: given.cause });
    this.code = given.code;
    this.status = given.status ?? null;
    this.details = given.details ?? {};
    this.requestId = given.requestId ?? null;
  }

  static of({ answer, text }: Received): FairshareError {
    const { status } = answer;
    const { code, message, details, requestId } = errorOf(text) ?? {
      code: 'unreadable',
      message: `Something that is not Fairshare answered with ${status}.`,
    };
    return new FairshareError({
      code,
      message,
      status,
      details,
      requestId: requestId ?? answer.headers.get('x-request-id'),
    });
  }
}

interface ErrorBody {
  code: string;
  message: string;
  details?: Record<string, unknown>;
  requestId?: string;
}

function errorOf(text: string): ErrorBody | null {
  try {
    const { error } = JSON.parse(text) as { error?: ErrorBody };
    return typeof error?.code === 'string' ? error : null;
  } catch {
    // A page of a proxy, say: the caller says so.
    return null;
  }
}
