import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ApiErrorBody } from './api-error.dto.js';

const DESCRIPTION = `Self-hosted affiliate platform: attribution, recurring commissions, payouts.

Amounts are integers in the currency's minor unit beside a lower-case ISO currency, rates are basis points, times are
ISO 8601 in UTC. Every POST under /v1 takes an \`Idempotency-Key\`. Lists take \`limit\` and \`cursor\`. Every error has
the same envelope, with a \`code\` that does not change.`;

const ERRORS: Record<string, string> = {
  400: 'The request cannot be read, or a field is missing, wrong or unknown.',
  401: 'No token, or a bad one.',
  403: 'A good token without the scope this call needs.',
  404: 'There is no such object for this caller.',
  409: 'A conflict with what is there; also a reused or running Idempotency-Key.',
  422: 'A rule says no.',
  429: 'Too many requests; Retry-After says when to come back.',
  503: 'The database or Stripe is away; Retry-After says when to come back.',
};

/** Describes every route, from the code. */
export function createDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Fairshare')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token with the scope `host`.' },
      'host',
    )
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: "A token with the scope `affiliate`, whose `sub` is the host's user id.",
      },
      'affiliate',
    )
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    extraModels: [ApiErrorBody],
    operationIdFactory: (controller, method) => `${controller.replace('Controller', '')}_${method}`,
  });
  documentErrors(document);
  return document;
}

/** Every operation of the API fails in the same ways, so they are written once, here. */
function documentErrors(document: OpenAPIObject): void {
  for (const [path, item] of Object.entries(document.paths)) {
    if (!path.startsWith('/v1')) continue;
    for (const method of ['get', 'post', 'patch', 'put', 'delete'] as const) {
      const operation = item[method];
      if (!operation) continue;
      for (const [status, description] of Object.entries(ERRORS)) {
        operation.responses[status] ??= {
          description,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/ApiErrorBody' } } },
        };
      }
      if (method === 'post') {
        operation.parameters = [
          ...(operation.parameters ?? []),
          {
            name: 'Idempotency-Key',
            in: 'header',
            required: false,
            description: 'Makes a retry get the first answer again.',
            schema: { type: 'string', maxLength: 255 },
          },
        ];
      }
    }
  }
}
