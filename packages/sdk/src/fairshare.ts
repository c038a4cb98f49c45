import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Arguments, Call, CallWithBody, Item, ListPath, Operation, PathOf } from './calls.js';
import { FairshareError, type Received } from './error.js';
import { signToken, type SigningKey } from './tokens.js';

const HOST_TOKEN_SECONDS = 300;
/** A token is replaced while it is still good, since clocks differ and calls take time. */
const RENEWED_BEFORE_SECONDS = 60;
const RETRIED_STATUSES = new Set([429, 502, 503, 504]);
const FIRST_PAUSE_MS = 250;
const PAUSE_MS_MAX = 30_000;

export type FairshareOptions = SigningKey & {
  /** The service's PUBLIC_URL. */
  url: string;
  /** Names your app in its tokens. Idempotency keys belong to it, so all of its processes should say the same. */
  subject?: string;
  /** The service's JWT_AUDIENCE, where that was changed. */
  audience?: string;
  /** The service's JWT_ISSUER, where that is set. */
  issuer?: string;
  /** How often a call is tried again after no answer, 429, 502, 503 or 504; 2 when not given. */
  retries?: number;
  /** After which a try counts as unanswered; 10,000 when not given. */
  timeoutMs?: number;
  /** In place of the global one. */
  fetch?: typeof fetch;
};

type Value = string | number | boolean | null | undefined;

interface RawCall {
  path?: Record<string, Value>;
  query?: Record<string, Value>;
  body?: unknown;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

/**
 * Your backend's way to Fairshare. Paths, parameters, bodies and answers are typed by the service's own description.
 * Calls that fail throw a FairshareError.
 */
export class Fairshare {
  private readonly baseUrl: string;
  private hostTokens: { token: Promise<string>; renewAtMs: number } | null = null;

  constructor(private readonly options: FairshareOptions) {
    this.baseUrl = options.url.replace(/\/+$/, '');
  }

  get<P extends PathOf<'get'>>(
    path: P,
    ...[call]: Arguments<Call<Operation<P, 'get'>>>
  ): Promise<Answer<Operation<P, 'get'>>> {
    return this.send('GET', path, call) as Promise<Answer<Operation<P, 'get'>>>;
  }

  /** Sends an idempotency key, so that a retry has no second effect. */
  post<P extends PathOf<'post'>>(
    path: P,
    ...[call]: Arguments<CallWithBody<Operation<P, 'post'>>>
  ): Promise<Answer<Operation<P, 'post'>>> {
    const idempotencyKey = (call as RawCall | undefined)?.idempotencyKey ?? randomUUID();
    return this.send('POST', path, { ...(call as RawCall | undefined), idempotencyKey }) as Promise<
      Answer<Operation<P, 'post'>>
    >;
  }

  patch<P extends PathOf<'patch'>>(
    path: P,
    ...[call]: Arguments<CallWithBody<Operation<P, 'patch'>>>
  ): Promise<Answer<Operation<P, 'patch'>>> {
    return this.send('PATCH', path, call as RawCall | undefined) as Promise<Answer<Operation<P, 'patch'>>>;
  }

  delete<P extends PathOf<'delete'>>(
    path: P,
    ...[call]: Arguments<Call<Operation<P, 'delete'>>>
  ): Promise<Answer<Operation<P, 'delete'>>> {
    return this.send('DELETE', path, call as RawCall | undefined) as Promise<Answer<Operation<P, 'delete'>>>;
  }

  /** Every item of a list, page by page as they are asked for: `for await (const payout of fairshare.list('/v1/payouts'))`. */
  async *list<P extends ListPath>(
    path: P,
    ...[call]: Arguments<Call<Operation<P, 'get'>>>
  ): AsyncGenerator<Item<P>, void, undefined> {
    const first = call as RawCall | undefined;
    // Events are read on from the last one that is known, oldest first.
    const parameter = path === '/v1/events' ? 'after' : 'cursor';
    for (let cursor: string | undefined; ;) {
      const query = { ...first?.query, ...(cursor !== undefined && { [parameter]: cursor }) };
      const page = (await this.send('GET', path, { ...first, query })) as {
        data: Item<P>[];
        nextCursor: string | null;
      };
      yield* page.data;
      if (page.nextCursor === null) return;
      cursor = page.nextCursor;
    }
  }

  /**
   * A token for the dashboard that your page embeds: it opens this one user's data and nothing else, so it may be given
   * to their browser.
   */
  affiliateToken(userId: string, { expiresInSeconds = 3600 }: { expiresInSeconds?: number } = {}): Promise<string> {
    return this.sign('affiliate', userId, expiresInSeconds);
  }

  /** The token that this client sends, for calls you make by other means. Never for a browser: it may do everything. */
  hostToken(): Promise<string> {
    const nowMs = Date.now();
    if (this.hostTokens === null || nowMs >= this.hostTokens.renewAtMs) {
      const token = this.sign('host', this.options.subject ?? 'host-app', HOST_TOKEN_SECONDS);
      this.hostTokens = { token, renewAtMs: nowMs + (HOST_TOKEN_SECONDS - RENEWED_BEFORE_SECONDS) * 1000 };
    }
    return this.hostTokens.token;
  }

  private sign(scope: 'host' | 'affiliate', subject: string, expiresInSeconds: number): Promise<string> {
    const { audience = 'fairshare', issuer } = this.options;
    return signToken(this.options, { scope, subject, expiresInSeconds, audience, issuer });
  }

  private async send(method: string, path: string, call: RawCall = {}): Promise<unknown> {
    const { retries = 2 } = this.options;
    for (let tries = 0; ; tries++) {
      const isLast = tries >= retries;
      const received = await this.try(method, path, call).catch((error: unknown) => {
        if (isLast || call.signal?.aborted) throw unreachable(this.baseUrl, error);
        return null;
      });
      if (received?.answer.ok) return contentOf(received);
      if (received && (isLast || !RETRIED_STATUSES.has(received.answer.status))) throw FairshareError.of(received);
      await sleep(pauseMs(received?.answer ?? null, tries), undefined, { signal: call.signal }).catch(
        (error: unknown) => {
          throw unreachable(this.baseUrl, error);
        },
      );
    }
  }

  /** Rejects where the whole answer is not here in time, or the caller gives up. */
  private async try(method: string, path: string, call: RawCall): Promise<Received> {
    const { timeoutMs = 10_000, fetch: send = fetch } = this.options;
    const authorization = `Bearer ${await this.hostToken()}`;
    // Not AbortSignal.any() of AbortSignal.timeout(): Node 20 may collect both as garbage before they fire.
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(new Error(`No answer within ${timeoutMs} ms.`)), timeoutMs);
    const giveUp = (): void => over.abort(call.signal?.reason);
    call.signal?.addEventListener('abort', giveUp);
    try {
      call.signal?.throwIfAborted();
      const answer = await send(this.baseUrl + addressOf(path, call), {
        method,
        headers: {
          authorization,
          ...(call.body !== undefined && { 'content-type': 'application/json' }),
          ...(call.idempotencyKey !== undefined && { 'idempotency-key': call.idempotencyKey }),
        },
        ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
        signal: over.signal,
      });
      return { answer, text: await answer.text() };
    } finally {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', giveUp);
    }
  }
}

/** What a call answers, as JSON; undefined for 204. */
function contentOf(received: Received): unknown {
  if (received.answer.status === 204) return undefined;
  try {
    return JSON.parse(received.text);
  } catch {
    // A page of a proxy, say, with a status that promises better.
    throw FairshareError.of(received);
  }
}

function addressOf(path: string, { path: values = {}, query = {} }: RawCall): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) search.set(name, String(value));
  }
  return search.size === 0 ? filled : `${filled}?${search.toString()}`;
}

/** As long as the service asks for, within reason; else a little longer each time. */
function pauseMs(answer: Response | null, tries: number): number {
  const askedSeconds = Number(answer?.headers.get('retry-after') ?? Number.NaN);
  const pause = Number.isFinite(askedSeconds) ? askedSeconds * 1000 : FIRST_PAUSE_MS * 2 ** tries;
  return Math.min(pause, PAUSE_MS_MAX);
}

function unreachable(baseUrl: string, cause: unknown): FairshareError {
  return new FairshareError({ code: 'unreachable', message: `No answer from ${baseUrl}.`, cause });
}
