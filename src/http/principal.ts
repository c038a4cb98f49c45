/** Who calls: known from a token, or from the allowed page that the snippet runs on. */
export type Principal = { scope: 'host' | 'affiliate'; subject: string } | { scope: 'snippet' };

declare module 'fastify' {
  interface FastifyRequest {
    /** Null on routes that ask for nobody in particular. */
    principal: Principal | null;
  }
}
