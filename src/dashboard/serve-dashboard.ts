import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.js';
import { sendPlainPage } from '../http/plain-page.js';
import { DASHBOARD_PATH } from './paths.js';

/** Written by `npm run build` beside the compiled code. */
const BUILT_PAGE = join(import.meta.dirname, 'page');

/** A part of an address that names a file; places inside the page have no dots. */
const FILE_NAME = /\.[^/]*$/;

/** Names in it hold the hash of the content: they never change. */
const ASSETS_FOLDER = '/assets/';

/** Small, and asked for anew each time, since it names the assets of this version. */
const REVALIDATED = 'no-cache';

/** What the page must know of this service before anybody is known. Public. */
interface PageConfig {
  publicUrl: string;
  siteUrl: string;
  /** Whose pages may show the dashboard in a frame and hand it a token. */
  embedOrigins: string[];
}

/**
 * Serves the affiliates' page at /dashboard: its files as they were built, with their compressed twins, and its index for
 * every place inside the page, so that a place can be reloaded and shared.
 */
export async function serveDashboard(
  fastify: FastifyInstance,
  { config, folder = BUILT_PAGE }: { config: Config; folder?: string },
): Promise<void> {
  const pageConfig: PageConfig = {
    publicUrl: config.publicUrl,
    siteUrl: config.siteUrl,
    embedOrigins: [...config.dashboardEmbedOrigins],
  };
  fastify.get(`${DASHBOARD_PATH}/config.json`, (_request, reply) =>
    reply.header('cache-control', REVALIDATED).send(pageConfig),
  );
  const indexFile = join(folder, 'index.html');
  if (!existsSync(indexFile)) {
    serveNotBuilt(fastify);
    return;
  }
  const index = readFileSync(indexFile, 'utf8');
  await fastify.register(fastifyStatic, {
    root: folder,
    prefix: `${DASHBOARD_PATH}/`,
    // One route for each file that there is; all others are places inside the page.
    wildcard: false,
    index: false,
    preCompressed: true,
    decorateReply: false,
    cacheControl: false,
    setHeaders: (response, path) => {
      const isAsset = path.startsWith(join(folder, ASSETS_FOLDER));
      response.header('cache-control', isAsset ? 'public, max-age=31536000, immutable' : REVALIDATED);
    },
  });
  for (const url of [DASHBOARD_PATH, `${DASHBOARD_PATH}/`, `${DASHBOARD_PATH}/*`]) {
    fastify.get(url, (request, reply) => {
      const path = request.url.split('?', 1)[0] ?? '';
      if (FILE_NAME.test(path) || path.startsWith(DASHBOARD_PATH + ASSETS_FOLDER)) {
        reply.callNotFound();
        return reply;
      }
      return reply.type('text/html; charset=utf-8').header('cache-control', REVALIDATED).send(index);
    });
  }
}

/** For whoever runs the sources without having built them. */
function serveNotBuilt(fastify: FastifyInstance): void {
  for (const url of [DASHBOARD_PATH, `${DASHBOARD_PATH}/*`]) {
    fastify.get(url, (_request, reply) => {
      sendPlainPage(reply, 503, {
        locale: 'en',
        title: 'The dashboard has not been built',
        paragraphs: ['This service runs without its page. <code>npm run build</code> makes it; then start it again.'],
      });
      return reply;
    });
  }
}
