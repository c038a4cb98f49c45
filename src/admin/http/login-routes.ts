import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type AdminJS from 'adminjs';
import type { SessionCookie } from '../../auth/session-cookie.js';
import { HttpError } from '../../http/http-error.js';
import { toErrorResponse } from '../../http/error-response.js';
import type { StaffLogin } from '../../staff/staff-login.service.js';
import { ADMIN_PATH, LOGIN_PATH, LOGOUT_PATH } from '../paths.js';
import { sendPage } from './page-html.js';
import type { PanelAssets } from './panel-assets.js';
import { isOwnNavigation } from './same-origin.js';
import type { StaffSessions } from './staff-sessions.service.js';

interface LoginDoor {
  panel: AdminJS;
  assets: PanelAssets;
  cookie: SessionCookie;
  sessions: StaffSessions;
  staffLogin: StaffLogin;
}

/** The only pages for which nobody needs to be logged in. */
export function serveLogin(scope: FastifyInstance, door: LoginDoor): void {
  const { cookie, sessions } = door;

  scope.get(LOGIN_PATH, async (request, reply) => {
    const token = cookie.read(request);
    if (token && (await sessions.find(token))) return reply.redirect(ADMIN_PATH);
    await showForm(door, request, reply, 200);
    return reply;
  });

  scope.post(LOGIN_PATH, async (request, reply) => {
    const form = (request.body ?? {}) as Record<string, unknown>;
    const text = (name: string): string => (typeof form[name] === 'string' ? form[name] : '');
    try {
      const staff = await door.staffLogin.logIn({
        email: text('email'),
        password: text('password'),
        totpCode: text('totpCode').trim() || null,
        ip: request.ip,
      });
      cookie.write(reply, await sessions.start(staff, cookie.read(request)));
      return await reply.redirect(ownPath(text('next')), 303);
    } catch (error) {
      const { status, headers, body } = toErrorResponse(error, request.id);
      if (status >= 500) throw error;
      reply.headers(headers);
      await showForm(door, request, reply, status, { code: body.error.code, headers });
      return reply;
    }
  });

  scope.get(LOGOUT_PATH, async (request, reply) => {
    // A picture or a link on somebody's page must not log anybody out.
    if (!isOwnNavigation(request)) throw new HttpError(403, 'foreign_origin', 'Log out from the admin panel itself.');
    const token = cookie.read(request);
    if (token) await sessions.end(token);
    cookie.clear(reply);
    return reply.redirect(LOGIN_PATH);
  });
}

async function showForm(
  { panel, assets }: LoginDoor,
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  refusal?: { code: string; headers: Record<string, string> },
): Promise<void> {
  const { next } = request.query as Record<string, unknown>;
  const html = await panel.renderLogin({
    action: LOGIN_PATH,
    errorMessage: refusal ? messageOf(refusal) : null,
    // AdminJS writes these into a script between quotes: nothing of what was sent may be in them as it came.
    asksForCode: refusal?.code.startsWith('totp') ?? false,
    next: encodeURIComponent(ownPath(next)),
  });
  sendPage(reply.status(status), html, assets);
}

/** Sentences without quotes, since AdminJS writes them into a script. */
function messageOf({ code, headers }: { code: string; headers: Record<string, string> }): string {
  switch (code) {
    case 'totp_required':
      return 'Enter your password again, with the six digits from your authenticator app.';
    case 'too_many_attempts':
      return `Too many wrong tries. Try again in ${Math.ceil(Number(headers['retry-after'] ?? 60) / 60)} minutes.`;
    case 'staff_credentials_wrong':
      return 'Email, password or code is wrong.';
    default:
      return 'That could not be read. Enter your email and your password.';
  }
}

/** Where to after the log-in: a page of the panel, and nowhere else. */
function ownPath(next: unknown): string {
  if (typeof next !== 'string') return ADMIN_PATH;
  const isOurs = /^\/admin(\/[\w./~%-]*)?(\?[\w.=&%~-]*)?$/.test(next) && !next.includes('//');
  return isOurs ? next : ADMIN_PATH;
}
