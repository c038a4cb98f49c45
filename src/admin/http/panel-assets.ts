import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { ADMIN_PATH } from '../paths.js';

/** Written by `npm run build` beside the compiled code: nothing is bundled at run time. */
const FOLDER = join(import.meta.dirname, '..', 'assets');

const URL_PREFIX = `${ADMIN_PATH}/frontend/assets/`;

/** Scripts and pictures of the panel. Their names hold their hash, so browsers keep them for good. */
export class PanelAssets {
  private readonly names: Record<string, string>;

  constructor() {
    this.names = JSON.parse(readFileSync(join(FOLDER, 'manifest.json'), 'utf8')) as Record<string, string>;
  }

  urlOf(name: string): string {
    const hashed = this.names[name];
    if (!hashed) throw new Error(`the admin panel was built without ${name}`);
    return URL_PREFIX + hashed;
  }

  /** AdminJS writes plain names into its pages. */
  rename(html: string): string {
    return Object.entries(this.names).reduce(
      (page, [name, hashed]) => page.replaceAll(`"${URL_PREFIX}${name}"`, `"${URL_PREFIX}${hashed}"`),
      html,
    );
  }

  async serve(scope: FastifyInstance): Promise<void> {
    await scope.register(fastifyStatic, {
      root: FOLDER,
      prefix: URL_PREFIX,
      preCompressed: true,
      immutable: true,
      maxAge: '365d',
      index: false,
      decorateReply: false,
    });
  }
}
