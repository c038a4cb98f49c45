import { Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { DomainError } from '../common/domain-error.js';
import { JwtStrategy, type VerifiedToken } from './jwt.strategy.js';
import { unauthorized } from './unauthorized.js';

declare module 'fastify' {
  interface FastifyRequest {
    verifiedToken?: VerifiedToken;
  }
}

/** Runs the strategy and leaves what it found in `request.verifiedToken`. */
@Injectable()
export class TokenGuard extends AuthGuard() {
  constructor(strategy: JwtStrategy) {
    super({ defaultStrategy: strategy.uniqueName, property: 'verifiedToken', session: false });
  }

  /** @throws HttpError 401; DomainError when the token could not be checked at all. */
  override handleRequest<T>(error: unknown, token: T | false | null, info: unknown): T {
    if (error) throw error;
    if (info instanceof DomainError) throw info;
    if (!token) throw unauthorized('The token is malformed, or its signature, algorithm, audience or issuer is wrong.');
    return token;
  }
}
