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
<link rel="stylesheet" href="./docs/contrast.css">
</head>
<body>
<main id="swagger-ui"></main>
<script src="./docs/swagger-ui-bundle.js"></script>
<script src="./docs/start.js"></script>
</body>
</html>
`;

/** Swagger UI's own colours, darker: what it writes is to have the 4.5 to 1 that WCAG AA asks for. */
const CONTRAST_STYLE = `
.swagger-ui .opblock.opblock-get .opblock-summary-method { background: #1665b3; }
.swagger-ui .opblock.opblock-post .opblock-summary-method { background: #14774c; }
.swagger-ui .opblock.opblock-patch .opblock-summary-method { background: #0b7463; }
.swagger-ui .opblock.opblock-delete .opblock-summary-method { background: #c41e1e; }
.swagger-ui .info .title small.version-stamp { background: #4a6a00; }
.swagger-ui .info .link .url, .swagger-ui .info a { color: #1665b3; }
.swagger-ui .btn.authorize { border-color: #14774c; color: #14774c; }
.swagger-ui .btn.authorize svg { fill: #14774c; }
.swagger-ui .btn.execute { background: #1665b3; border-color: #1665b3; }
.swagger-ui .btn.cancel { border-color: #c41e1e; color: #c41e1e; }
.swagger-ui .parameter__in, .swagger-ui .prop-format, .swagger-ui .parameter__deprecated { color: #5c5c5c; }
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
  fastify.get('/docs/contrast.css', (_request, reply) =>
    reply.type('text/css; charset=utf-8').header('cache-control', CACHED).send(CONTRAST_STYLE),
  );
  for (const [name, type] of Object.entries(ASSETS)) {
    fastify.get(`/docs/${name}`, (_request, reply) =>
      reply
        .type(type)
        .header('cache-control', CACHED)
        .send(createReadStream(join(getSwaggerUiPath(), name))),
    );
  }
}
