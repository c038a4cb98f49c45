import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Config } from '../config/config.js';
import { HttpError } from '../http/http-error.js';
import { clientKey, RateLimiter } from '../http/rate-limiter.js';
import { ACCESS_METADATA, type Access } from './access.js';
import { TokenGuard } from './token.guard.js';
import { unauthorized } from './unauthorized.js';

/**
 * Decides for every route who may call it, and how often. Answers at once, without a promise, where nothing is asked:
 * it runs before the referral redirect too.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  /** Whether a handler's route lies under /v1; looked up once each. */
  private readonly apiHandlers = new WeakMap<object, boolean>();

  constructor(
    private readonly reflector: Reflector,
    private readonly config: Config,
    private readonly tokens: TokenGuard,
    private readonly rateLimiter: RateLimiter,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS_METADATA, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access === undefined) {
      // A route of the API that forgot to say who may call it is closed, not open.
      if (this.isApi(context)) throw forbidden('Nobody may call this route.');
      return true;
    }
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (request.headers.authorization === undefined) return this.admitWithoutToken(request, access);
    return this.admitWithToken(context, request, access);
  }

  private async admitWithToken(context: ExecutionContext, request: FastifyRequest, access: Access): Promise<boolean> {
    try {
      await this.tokens.canActivate(context);
    } catch (error) {
      throw this.refusal(request, error);
    }
    const token = request.verifiedToken;
    if (!token) throw unauthorized();
    this.rateLimiter.hitOrThrow(`token:${token.subject}`, this.config.rateLimitHost);
    const scope = access === 'affiliate' ? 'affiliate' : 'host';
    if (!token.scopes.includes(scope)) throw forbidden(`This call needs a token with the scope ${scope}.`);
    request.principal = { scope, subject: token.subject };
    return true;
  }

  private admitWithoutToken(request: FastifyRequest, access: Access): boolean {
    const origin = request.headers.origin;
    if (access !== 'host_or_snippet' || origin === undefined || !this.config.allowedOrigins.has(origin)) {
      throw this.refusal(request, unauthorized());
    }
    this.rateLimiter.hitOrThrow(`public:${clientKey(request.ip)}`, this.config.rateLimitPublic);
    request.principal = { scope: 'snippet' };
    return true;
  }

  /**
   * Counts refused tokens by address: past the limit, guesses are told to wait. A good token is never locked out by
   * the bad ones of others behind the same address.
   */
  private refusal(request: FastifyRequest, error: unknown): unknown {
    if (error instanceof HttpError && error.status === 401) {
      this.rateLimiter.hitOrThrow(`unauthorized:${clientKey(request.ip)}`, this.config.rateLimitPublic);
    }
    return error;
  }

  private isApi(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    let isApi = this.apiHandlers.get(handler);
    if (isApi === undefined) {
      const route = context.switchToHttp().getRequest<FastifyRequest>().routeOptions.url ?? '';
      isApi = route === '/v1' || route.startsWith('/v1/');
      this.apiHandlers.set(handler, isApi);
    }
    return isApi;
  }
}

function forbidden(message: string): HttpError {
  return new HttpError(403, 'forbidden', message);
}
