/** Who calls: known from a token or a session's cookie, or from the allowed page that the snippet runs on. */
export type Principal = KnownPrincipal | { scope: 'snippet' };

export interface KnownPrincipal {
  scope: 'host' | 'affiliate';
  subject: string;
  /** What they are known by; only affiliates have cookies. */
  by: 'token' | 'cookie';
  /** Until when that is good. */
  expiresAt: Date;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null on routes that ask for nobody in particular. */
    principal: Principal | null;
  }
}
