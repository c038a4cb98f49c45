import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { HttpError } from './http-error.js';

/**
 * For handlers that write and take no body, `@NoBody() _nothing: undefined`: a field that somebody sends is an error here
 * as everywhere.
 * @throws HttpError 400 naming the fields.
 */
export const NoBody = createParamDecorator((_data: unknown, context: ExecutionContext): undefined => {
  const { body } = context.switchToHttp().getRequest<FastifyRequest<{ Body: object | undefined }>>();
  const names = Object.keys(body ?? {});
  if (names.length === 0) return undefined;
  const fields = Object.fromEntries(names.map((name) => [name, [`unknown field "${name}"`]]));
  throw new HttpError(400, 'invalid_request', `${Object.values(fields).flat().join('; ')}.`, { fields });
});
