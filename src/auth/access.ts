import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../http/principal.js';

/** Who may call a route. Routes under /v1 that do not say it are refused. */
export type Access = 'host' | 'affiliate' | 'host_or_snippet';

export const ACCESS_METADATA = 'fairshare:access';

/** For tokens with the scope `host`. On a controller or a handler. */
export const HostScope = () => requires('host');

/** For tokens with the scope `affiliate`, whose `sub` is the host's user id, and for the dashboard's session cookie. */
export const AffiliateScope = () => requires('affiliate');

/** Also without a token, for the snippet on a page of an allowed origin: under the public rate limit, as `snippet`. */
export const HostScopeOrSnippet = () => requires('host_or_snippet');

function requires(access: Access): ClassDecorator & MethodDecorator {
  return applyDecorators(
    SetMetadata(ACCESS_METADATA, access),
    ApiBearerAuth(access === 'affiliate' ? 'affiliate' : 'host'),
  );
}

/** The caller, as the access guard has found out. Null on public routes. */
export const CurrentPrincipal = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Principal | null =>
    context.switchToHttp().getRequest<FastifyRequest>().principal,
);
