import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Config } from '../config/config.js';
import { findProjectRoot } from '../database/project-root.js';

/** Written by `npm run build`. */
const FILE = join(findProjectRoot(), 'dist', 'snippet', 'fairshare.js');

/** An hour, since a correction should reach every site on its day; a day more while the service is away. */
const CACHED = 'public, max-age=3600, stale-while-revalidate=86400, stale-if-error=86400';

interface Snippet {
  etag: string;
  plain: Buffer;
  gzipped: Buffer;
}

/** The script that the pages of the host's site load, from this service's own address. */
@ApiTags('Public')
@Controller()
export class SnippetController {
  private snippet: Snippet | undefined;

  constructor(private readonly config: Config) {}

  @Get('fairshare.js')
  @ApiOperation({
    summary: 'The snippet for the pages of your site.',
    description: 'Reports visits through ?ref=CODE and keeps the click in a cookie of your site; see docs/snippet.md.',
  })
  @ApiProduces('text/javascript')
  @ApiResponse({ status: 200, description: 'The script.', schema: { type: 'string' } })
  serve(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const { etag, plain, gzipped } = (this.snippet ??= this.read());
    void reply
      .header('cache-control', CACHED)
      .header('etag', etag)
      .header('vary', 'Accept-Encoding')
      // For pages of any origin, also those that ask for the file's integrity.
      .header('cross-origin-resource-policy', 'cross-origin')
      .header('access-control-allow-origin', '*');
    if (request.headers['if-none-match']?.includes(etag)) {
      void reply.status(304).send();
      return;
    }
    void reply.type('text/javascript; charset=utf-8');
    if (/\bgzip\b/.test(request.headers['accept-encoding'] ?? ''))
      void reply.header('content-encoding', 'gzip').send(gzipped);
    else void reply.send(plain);
  }

  /** Read when it is first asked for: commands of the service never do. */
  private read(): Snippet {
    const windowSeconds = Math.floor(this.config.attributionWindowMs / 1000);
    const plain = Buffer.from(readFileSync(FILE, 'utf8').replaceAll('FAIRSHARE_WINDOW_SECONDS', String(windowSeconds)));
    const hash = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
    // Weak, since it stands for the compressed form as well.
    return { etag: `W/"${hash}"`, plain, gzipped: gzipSync(plain, { level: 9 }) };
  }
}
