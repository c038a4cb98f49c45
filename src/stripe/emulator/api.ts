import { setTimeout as pause } from 'node:timers/promises';
import { Stripe } from 'stripe';
import { expand } from './expansion.js';
import type { ChosenFault, FaultInjector, RequestFault } from './faults.js';
import { parseForm, type ParameterValue } from './form-body.js';
import { fingerprintOf, otherParameters, type IdempotencyLayer } from './idempotency.js';
import { newId } from './ids.js';
import { Parameters } from './parameters.js';
import type { Call, Match, Route, Router } from './router.js';
import { HANG_UP, jsonReply, type Incoming, type Outcome, type Reply } from './server.js';
import type { ObjectStore } from './object-store.js';
import type { Answer } from './stored-objects.js';
import { noAccess, refused, StripeProblem } from './stripe-problem.js';
import { Workspace, type Surroundings } from './workspace.js';

interface ApiRequest {
  id: string;
  incoming: Incoming;
  idempotencyKey: string | null;
  account: string | null;
}

/** An answer, and whether it was given before. */
interface Given extends Answer {
  firstRequestId?: string;
}

export interface ApiParts {
  surroundings: Surroundings;
  store: ObjectStore;
  router: Router;
  idempotency: IdempotencyLayer;
  faults: FaultInjector;
  onError: (error: unknown) => void;
}

/** What stands between HTTP and the resources: the key, the idempotency rules, the faults, the error envelope. */
export class Api {
  constructor(private readonly parts: ApiParts) {}

  async answer(incoming: Incoming): Promise<Outcome> {
    const request: ApiRequest = {
      id: newId('req'),
      incoming,
      idempotencyKey: incoming.method === 'POST' ? (incoming.headers['idempotency-key'] ?? null) : null,
      account: incoming.headers['stripe-account'] ?? null,
    };
    const fault = this.parts.faults.choose(incoming.method, incoming.url.pathname);
    try {
      authenticate(incoming.headers.authorization);
      const early = this.befallBeforehand(fault);
      if (early) return early;
      const given = await this.answerOnce(request, fault);
      if (fault.rule?.afterCommit) await this.delay(fault);
      return this.befallAfterwards(fault, this.reply(request, given));
    } catch (error) {
      return this.reply(request, this.answerOf(error));
    } finally {
      this.parts.faults.giveBack(fault);
    }
  }

  private async answerOnce(request: ApiRequest, fault: ChosenFault): Promise<Given> {
    const { method, url } = request.incoming;
    const match = this.parts.router.match(method, url.pathname);
    if (!match) throw unrecognizedUrl(method, url.pathname);
    const parameters = readParameters(request.incoming);
    this.checkAccount(request);
    if (request.idempotencyKey === null) {
      if (!fault.rule?.afterCommit) await this.delay(fault);
      return this.execute(request, match, parameters, fault, () => undefined);
    }
    const id = `${request.account ?? ''}/${request.idempotencyKey}`;
    const fingerprint = fingerprintOf(method, url.pathname, parameters);
    const claim = this.parts.idempotency.claim(id, fingerprint);
    if (claim.kind === 'replay') return { ...claim.answer, firstRequestId: claim.answer.requestId };
    try {
      if (!fault.rule?.afterCommit) await this.delay(fault);
      return this.execute(request, match, parameters, fault, (answer) =>
        this.parts.idempotency.keep(id, fingerprint, request.id, answer),
      );
    } finally {
      this.parts.idempotency.release(id);
    }
  }

  /** Carries the request out and keeps its answer in the same transaction. */
  private execute(
    request: ApiRequest,
    match: Match,
    values: { [key: string]: ParameterValue },
    fault: ChosenFault,
    keep: (answer: Answer) => void,
  ): Answer {
    const { store, surroundings } = this.parts;
    const workspace = new Workspace(surroundings, request.account, {
      id: request.id,
      idempotency_key: request.idempotencyKey,
    });
    const parameters = new Parameters(values);
    try {
      this.befallExecution(fault);
      return store.transaction(() => {
        const handled = this.handle({ workspace, parameters, path: match.path }, match.route, request);
        const answer = fault.takes('error_500_after_commit') ? serverError() : handled;
        keep(answer);
        return answer;
      });
    } catch (error) {
      const answer = this.answerOf(error);
      if (!(error instanceof StripeProblem && error.beforeExecution)) store.transaction(() => keep(answer));
      return answer;
    }
  }

  /** The route's answer. A problem that leaves changes behind is one too, so that they are committed. */
  private handle(call: Call, { handle }: Route, { incoming }: ApiRequest): Answer {
    try {
      const body = handle(call);
      const expansions = incoming.url.pathname.startsWith('/v1/') ? (call.parameters.strings('expand') ?? []) : [];
      return { status: 200, body: expand(call.workspace, body, expansions) };
    } catch (error) {
      if (error instanceof StripeProblem && error.changesStand) return this.answerOf(error);
      throw error;
    }
  }

  private befallBeforehand(fault: ChosenFault): Outcome | null {
    if (fault.takes('drop_before')) return HANG_UP;
    if (fault.takes('rate_limited_429')) throw tooManyRequests('rate_limit', 'Request rate limit exceeded.');
    if (fault.takes('lock_timeout')) {
      throw tooManyRequests(
        'lock_timeout',
        'This object cannot be accessed right now because another API request is currently accessing it.',
      );
    }
    if (fault.takes('unauthorized_401')) throw unauthorized('The API key was revoked.');
    if (fault.takes('forbidden_403')) throw forbidden();
    if (fault.takes('idempotency_error')) throw otherParameters();
    if (!fault.rule?.afterCommit && fault.takes('bad_gateway_502')) return badGateway(fault.rule);
    return null;
  }

  private befallExecution(fault: ChosenFault): void {
    if (fault.takes('error_500')) throw new StripeProblem(500, serverError().body.error);
    if (fault.takes('refused_400')) throw refused('account_invalid', 'The account cannot be used for this request.');
    if (fault.takes('balance_insufficient')) {
      throw refused('balance_insufficient', 'You have insufficient available funds in your Stripe account.');
    }
  }

  private befallAfterwards(fault: ChosenFault, reply: Reply): Outcome {
    if (fault.takes('drop_after_commit')) return HANG_UP;
    if (fault.takes('bad_gateway_502')) return badGateway(fault.rule);
    if (fault.takes('not_a_transfer')) return jsonReply(200, { id: newId('cus'), object: 'customer' }, reply.headers);
    return reply;
  }

  private async delay(fault: ChosenFault): Promise<void> {
    const { delayMs, until } = fault.rule ?? {};
    if (!delayMs && !until) return;
    fault.takes('delay_ms');
    if (delayMs) await pause(delayMs);
    await until;
  }

  private checkAccount({ account }: ApiRequest): void {
    if (account === null) return;
    const record = this.parts.store.find(null, 'account', account);
    if (!record || record.deauthorized) throw noAccess(account);
  }

  private answerOf(error: unknown): Answer {
    if (error instanceof StripeProblem) return { status: error.status, body: { error: error.body } };
    this.parts.onError(error);
    return serverError();
  }

  private reply(request: ApiRequest, given: Given): Reply {
    const { headers } = request.incoming;
    return jsonReply(given.status, given.body, {
      'request-id': request.id,
      'stripe-version': headers['stripe-version'] ?? Stripe.API_VERSION,
      ...(request.idempotencyKey !== null && { 'idempotency-key': request.idempotencyKey }),
      ...(request.account !== null && { 'stripe-account': request.account }),
      ...(given.firstRequestId && {
        'idempotent-replayed': 'true',
        'original-request': given.firstRequestId,
      }),
      // The stored 500 would only be replayed, and Stripe says so.
      ...(given.status === 500 && request.idempotencyKey !== null && { 'stripe-should-retry': 'false' }),
    });
  }
}

function readParameters({ method, url, body }: Incoming): { [key: string]: ParameterValue } {
  if (method !== 'POST') return parseForm(url.search.slice(1));
  if (!url.pathname.startsWith('/v2/')) return parseForm(body);
  const parsed: unknown = parseJson(body === '' ? '{}' : body);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw invalidBody();
  return parsed as { [key: string]: ParameterValue };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidBody();
  }
}

function invalidBody(): StripeProblem {
  return new StripeProblem(
    400,
    { type: 'invalid_request_error', message: 'The request body is not a JSON object.' },
    { beforeExecution: true },
  );
}

function authenticate(authorization: string | undefined): void {
  const key = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
  if (key === undefined) {
    throw unauthorized(
      'You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.',
    );
  }
  if (!/^(sk|rk)_test_/.test(key))
    throw unauthorized(`Invalid API Key provided: ${key.slice(0, 8)}****. The emulator takes test keys only.`);
}

function unauthorized(message: string): StripeProblem {
  return new StripeProblem(401, { type: 'invalid_request_error', message }, { beforeExecution: true });
}

function forbidden(): StripeProblem {
  return new StripeProblem(
    403,
    { type: 'invalid_request_error', message: 'The API key does not have the permissions that this request needs.' },
    { beforeExecution: true },
  );
}

function unrecognizedUrl(method: string, path: string): StripeProblem {
  return new StripeProblem(
    404,
    { type: 'invalid_request_error', message: `Unrecognized request URL (${method}: ${path}).` },
    { beforeExecution: true },
  );
}

function tooManyRequests(code: string, message: string): StripeProblem {
  return new StripeProblem(429, { type: 'invalid_request_error', code, message }, { beforeExecution: true });
}

function serverError(): { status: number; body: { error: { type: string; message: string } } } {
  return { status: 500, body: { error: { type: 'api_error', message: 'An unknown error occurred.' } } };
}

function badGateway(fault: RequestFault | null): Reply {
  if (fault?.body === 'empty_json') return jsonReply(502, {});
  return {
    status: 502,
    headers: { 'content-type': 'text/html' },
    body: '<html><body><h1>502 Bad Gateway</h1></body></html>',
  };
}
