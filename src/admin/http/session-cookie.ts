import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../config/config.js';

const PLAIN_NAME = 'fs_staff';

/**
 * The cookie that holds the session's token. On https it is bound to this very host by its `__Host-` name and never
 * sent in the clear. Whether it is https says PUBLIC_URL, since a proxy may take the encryption off before us.
 */
export class SessionCookie {
  private readonly secure: boolean;
  private readonly name: string;

  constructor(config: Config) {
    this.secure = config.publicUrl.startsWith('https:');
    this.name = this.secure ? `__Host-${PLAIN_NAME}` : PLAIN_NAME;
  }

  read(request: FastifyRequest): string | undefined {
    return request.cookies[this.name];
  }

  write(reply: FastifyReply, token: string): void {
    reply.setCookie(this.name, token, this.attributes);
  }

  clear(reply: FastifyReply): void {
    reply.clearCookie(this.name, this.attributes);
  }

  /** No Max-Age: it ends with the browser, and before that when the session does. */
  private get attributes(): { path: string; httpOnly: true; sameSite: 'lax'; secure: boolean } {
    return { path: '/', httpOnly: true, sameSite: 'lax', secure: this.secure };
  }
}
