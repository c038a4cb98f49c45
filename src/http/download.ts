import type { FastifyReply } from 'fastify';

/** In what form a list is wanted. */
export const LIST_FORMATS = ['json', 'csv'] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

const CONTENT_TYPES = { csv: 'text/csv; charset=utf-8', pdf: 'application/pdf' } as const;

/**
 * Makes the answer a file to keep: `name` is its name without the ending. Set once nothing can be refused any more, or
 * the refusal would be saved under that name.
 */
export function answerWithFile(reply: FastifyReply, name: string, type: keyof typeof CONTENT_TYPES): void {
  neverCache(reply)
    .type(CONTENT_TYPES[type])
    .header('content-disposition', `attachment; filename="${name.replaceAll(/[^\w.-]/g, '_')}.${type}"`);
}

/** For what only its reader may see: no proxy and no browser keeps a copy. */
export function neverCache(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'private, no-store');
}
