import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, getSchemaPath } from '@nestjs/swagger';

const FILES = {
  csv: { 'text/csv': { schema: { type: 'string' } } },
  pdf: { 'application/pdf': { schema: { type: 'string', format: 'binary' } } },
} as const;

/** Documents a route that answers with this object, or with a file where `?format=` asks for one. */
export function ApiFormats(model: Type<unknown>, files: (keyof typeof FILES)[]): MethodDecorator {
  return applyDecorators(
    ApiExtraModels(model),
    ApiOkResponse({
      content: Object.assign(
        { 'application/json': { schema: { $ref: getSchemaPath(model) } } },
        ...files.map((file) => FILES[file]),
      ) as Record<string, object>,
    }),
  );
}
