import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import getSwaggerUiPath from 'swagger-ui-dist/absolute-path.js';
import { createDocument } from './openapi.js';

const CACHED = 'public, max-age=3600';

/** Of Swagger UI's package, what the page needs; nothing else of it is served. */
const ASSETS: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fairshare API</title>
<link rel="icon" type="image/png" href="./docs/favicon-32x32.png">
<link rel="stylesheet" href="./docs/swagger-ui.css">
</head>
<body>
<main id="swagger-ui"></main>
<script src="./docs/swagger-ui-bundle.js"></script>
<script src="./docs/start.js"></script>
</body>
</html>
`;

const START_SCRIPT = `SwaggerUIBundle({ url: './docs-json', dom_id: '#swagger-ui', deepLinking: true });\n`;

/**
 * Serves the OpenAPI document at /docs-json and Swagger UI at /docs, from this machine's own files. By hand, since
 * Nest's own way needs inline scripts, which the content security policy forbids. The document is made when it is
 * first asked for: most processes never are.
 */
export function serveDocs(app: INestApplication, fastify: FastifyInstance): void {
  let document: OpenAPIObject | undefined;
  fastify.get('/docs-json', () => (document ??= createDocument(app)));
  fastify.get('/docs', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE));
  fastify.get('/docs/', (_request, reply) => reply.redirect('../docs', 301));
  fastify.get('/docs/start.js', (_request, reply) => reply.type('text/javascript; charset=utf-8').send(START_SCRIPT));
  for (const [name, type] of Object.entries(ASSETS)) {
    fastify.get(`/docs/${name}`, (_request, reply) =>
      reply
        .type(type)
        .header('cache-control', CACHED)
        .send(createReadStream(join(getSwaggerUiPath(), name))),
    );
  }
}
