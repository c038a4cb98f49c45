import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import type { User, Users } from './users.js';

const COOKIE = /(?:^|;\s*)cadence_session=([\w-]{43})/;

/** Who is logged in, by a cookie that scripts cannot read and other sites cannot send along with a POST. */
export class Sessions {
  private readonly userIds = new Map<string, string>();

  constructor(private readonly users: Users) {}

  begin(response: Response, user: User): void {
    const token = randomBytes(32).toString('base64url');
    this.userIds.set(token, user.id);
    response.append('set-cookie', `cadence_session=${token}; Path=/; HttpOnly; SameSite=Lax`);
  }

  end(request: Request, response: Response): void {
    this.userIds.delete(tokenOf(request));
    response.append('set-cookie', 'cadence_session=; Path=/; Max-Age=0');
  }

  userOf(request: Request): User | null {
    return this.users.find(this.userIds.get(tokenOf(request)) ?? '');
  }
}

function tokenOf(request: Request): string {
  return COOKIE.exec(request.headers.cookie ?? '')?.[1] ?? '';
}
