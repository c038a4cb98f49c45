import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.js';

/** Whose browser holds it: staff in the admin panel, or an affiliate in the dashboard. */
export type SessionCookieName = 'fs_staff' | 'fs_dashboard';

/**
 * A cookie that holds a session's token. On https it is bound to this very host by its `__Host-` name and never sent in
 * the clear. Whether it is https says PUBLIC_URL, since a proxy may take the encryption off before us.
 */
export class SessionCookie {
  private readonly secure: boolean;
  private readonly name: string;

  constructor(config: Config, plainName: SessionCookieName) {
    this.secure = config.publicUrl.startsWith('https:');
    this.name = this.secure ? `__Host-${plainName}` : plainName;
  }

  read(request: FastifyRequest): string | undefined {
    return request.cookies[this.name];
  }

  /** Without `maxAgeSeconds` it ends with the browser; the session ends when the server says so, in any case. */
  write(reply: FastifyReply, token: string, maxAgeSeconds?: number): void {
    reply.setCookie(this.name, token, { ...this.attributes, maxAge: maxAgeSeconds });
  }

  clear(reply: FastifyReply): void {
    reply.clearCookie(this.name, this.attributes);
  }

  private get attributes(): { path: string; httpOnly: true; sameSite: 'lax'; secure: boolean } {
    return { path: '/', httpOnly: true, sameSite: 'lax', secure: this.secure };
  }
}
