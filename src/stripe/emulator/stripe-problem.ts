/** The body of `error` in an answer of Stripe's API. */
export interface ProblemBody {
  type: string;
  message: string;
  code?: string;
  param?: string;
  doc_url?: string;
  /** Why the bank declined, and what the attempt left behind. */
  decline_code?: string;
  charge?: string;
  payment_intent?: object;
}

/**
 * An answer of Stripe that is an error.
 *
 * `beforeExecution` says that the endpoint refused the request before it began its work: Stripe
 * stores no answer under the idempotency key then, so the same key may be used again.
 * `changesStand` says that what the request changed until then remains: a declined payment has been
 * attempted.
 */
export class StripeProblem extends Error {
  readonly status: number;
  readonly body: ProblemBody;
  readonly beforeExecution: boolean;
  readonly changesStand: boolean;

  constructor(status: number, body: ProblemBody, options: { beforeExecution?: boolean; changesStand?: boolean } = {}) {
    super(body.message);
    this.status = status;
    this.body = body.code
      ? { ...body, doc_url: `https://stripe.com/docs/error-codes/${body.code.replaceAll('_', '-')}` }
      : body;
    this.beforeExecution = options.beforeExecution ?? false;
    this.changesStand = options.changesStand ?? false;
  }
}

/** 400 for a request whose parameters are wrong in themselves; never stored under the key. */
export function invalidParameter(code: string, param: string, message: string): StripeProblem {
  return new StripeProblem(400, { type: 'invalid_request_error', code, param, message }, { beforeExecution: true });
}

/** 400 `parameter_missing`. */
export function missingParameter(param: string): StripeProblem {
  return invalidParameter('parameter_missing', param, `Missing required param: ${param}.`);
}

/** 400 for a request that is well-formed but that Stripe refuses to carry out; stored under the key. */
export function refused(code: string | undefined, message: string, param?: string): StripeProblem {
  return new StripeProblem(400, {
    type: 'invalid_request_error',
    message,
    ...(code && { code }),
    ...(param && { param }),
  });
}

/** 404 `resource_missing` for the object that the path names. */
export function noSuchObject(what: string, id: string): StripeProblem {
  return new StripeProblem(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    param: 'id',
    message: `No such ${what}: '${id}'`,
  });
}

/** 400 `resource_missing` for an object that a parameter names. */
export function noSuchReference(what: string, id: string, param: string): StripeProblem {
  return refused('resource_missing', `No such ${what}: '${id}'`, param);
}

/** 403 `account_invalid`: what Stripe says of an account that is not, or no longer, connected. */
export function noAccess(account: string): StripeProblem {
  return new StripeProblem(
    403,
    {
      type: 'invalid_request_error',
      code: 'account_invalid',
      message: `The provided key does not have access to account '${account}' (or that account does not exist). Application access may have been revoked.`,
    },
    { beforeExecution: true },
  );
}
