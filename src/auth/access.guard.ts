import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Config } from '../config/config.js';
import { HttpError } from '../http/http-error.js';
import { clientKey, RateLimiter } from '../http/rate-limiter.js';
import { ACCESS_METADATA, type Access } from './access.js';
import { DashboardSessions } from './dashboard-sessions.service.js';
import { SessionCookie } from './session-cookie.js';
import { TokenGuard } from './token.guard.js';
import { sessionOver, unauthorized } from './unauthorized.js';

/** Methods that change nothing, so that a page of another site may make a browser send them. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Decides for every route who may call it, and how often. Answers at once, without a promise, where nothing is asked:
 * it runs before the referral redirect too.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  /** Whether a handler's route lies under /v1; looked up once each. */
  private readonly apiHandlers = new WeakMap<object, boolean>();
  private readonly cookie: SessionCookie;
  private readonly ownOrigin: string;

  constructor(
    private readonly reflector: Reflector,
    private readonly config: Config,
    private readonly tokens: TokenGuard,
    private readonly sessions: DashboardSessions,
    private readonly rateLimiter: RateLimiter,
  ) {
    this.cookie = new SessionCookie(config, 'fs_dashboard');
    this.ownOrigin = new URL(config.publicUrl).origin;
  }

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
    if (request.headers.authorization !== undefined) return this.admitWithToken(context, request, access);
    const sessionToken = access === 'affiliate' ? this.cookie.read(request) : undefined;
    if (sessionToken !== undefined) return this.admitWithCookie(request, sessionToken);
    return this.admitWithoutToken(request, access);
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
    request.principal = { scope, subject: token.subject, by: 'token', expiresAt: token.expiresAt };
    return true;
  }

  /** A browser sends its cookie for whatever page makes it: what changes something must come from a page of ours. */
  private async admitWithCookie(request: FastifyRequest, sessionToken: string): Promise<boolean> {
    if (!SAFE_METHODS.has(request.method) && request.headers.origin !== this.ownOrigin) {
      throw new HttpError(403, 'foreign_origin', "With the dashboard's cookie this may only be sent by its own pages.");
    }
    const session = await this.sessions.find(sessionToken);
    if (typeof session === 'string') throw this.refusal(request, sessionOver(session));
    const { userId, expiresAt } = session;
    this.rateLimiter.hitOrThrow(`token:${userId}`, this.config.rateLimitHost);
    request.principal = { scope: 'affiliate', subject: userId, by: 'cookie', expiresAt };
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
