import { Router, type CurrentAdmin } from 'adminjs';
import type AdminJS from 'adminjs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { SessionCookie } from '../../auth/session-cookie.js';
import { HttpError } from '../../http/http-error.js';
import type { StaffIdentity } from '../../staff/staff-identity.js';
import { ADMIN_PATH, LOGIN_PATH } from '../paths.js';
import { sendPage } from './page-html.js';
import type { PanelAssets } from './panel-assets.js';
import type { StaffSessions } from './staff-sessions.service.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is logged in to the admin panel. Set on its routes only. */
    staff?: StaffIdentity;
  }
}

const API_PATH = `${ADMIN_PATH}/api/`;

/** Lets in who is logged in; leads people to the log-in, and tells programs. */
export function requireStaff(scope: FastifyInstance, cookie: SessionCookie, sessions: StaffSessions): void {
  scope.addHook('onRequest', async (request, reply) => {
    const token = cookie.read(request);
    const staff = token ? await sessions.find(token) : null;
    if (staff) {
      request.staff = staff;
      reply.header('cache-control', 'private, no-store');
      return undefined;
    }
    if (request.url.startsWith(API_PATH) || request.method !== 'GET') {
      throw new HttpError(401, 'not_logged_in', 'Log in at /admin/login.');
    }
    return reply.redirect(`${LOGIN_PATH}?next=${encodeURIComponent(request.url)}`);
  });
}

export function staffOf(request: FastifyRequest): StaffIdentity {
  if (!request.staff) throw new Error('a route of the admin panel was registered outside its guard');
  return request.staff;
}

interface PanelRoute {
  method: string;
  path: string;
  action: string;
  Controller: new (panel: { admin: AdminJS }, currentAdmin: CurrentAdmin) => Record<string, PanelHandler>;
}
type PanelHandler = (request: object, reply: FastifyReply) => Promise<unknown>;

const ROUTES = Router.routes as PanelRoute[];

/**
 * AdminJS' own routes, but for the one that would bundle: pages are finished by us, and they and calls pass our guard first.
 */
export function servePanel(scope: FastifyInstance, panel: AdminJS, assets: PanelAssets): void {
  for (const route of ROUTES.filter(({ action }) => action !== 'bundleComponents')) {
    scope.route({
      method: route.method,
      url: ADMIN_PATH + route.path.replaceAll('{', ':').replaceAll('}', ''),
      handler: async (request, reply) => {
        const currentAdmin = presentStaff(staffOf(request));
        const params = request.params as Record<string, string>;
        const isCall = route.path.startsWith('/api/resources/');
        if (isCall) guardAction(panel, currentAdmin, { search: 'search', ...params }, request.method);
        if (!route.path.startsWith('/api/')) await guardPage(panel, currentAdmin, request);
        const answer = await new route.Controller({ admin: panel }, currentAdmin)[route.action]?.(
          {
            params,
            query: request.query,
            payload: request.body ?? {},
            method: request.method.toLowerCase(),
          },
          reply,
        );
        if (typeof answer === 'string') {
          sendPage(reply, answer, assets);
          return reply;
        }
        if (isCall) reply.status(statusOf(answer));
        return answer;
      },
    });
  }
}

/** Every other address: people are told on a page, once they are logged in, and programs as anywhere else. */
export function serveNothing(scope: FastifyInstance, cookie: SessionCookie, sessions: StaffSessions): void {
  scope.addHook('onRequest', async (request, reply) => {
    if (wantsPage(request)) return undefined;
    reply.callNotFound();
    return reply;
  });
  requireStaff(scope, cookie, sessions);
  scope.get(`${ADMIN_PATH}/*`, () => {
    throw nothingThere();
  });
}

/** Whether this is somebody in a browser, on the way to a page. */
export function wantsPage({ method, url, headers }: FastifyRequest): boolean {
  return /^(GET|HEAD)$/.test(method) && !url.startsWith(API_PATH) && (headers.accept ?? '').includes('text/html');
}

/** AdminJS draws by the address: at one of what is not there, or not for this person, a sentence that says so. */
export async function showRefusal(
  panel: AdminJS,
  assets: PanelAssets,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const start = ROUTES.find(({ path }) => path === '');
  if (!start) throw new Error('AdminJS has no start page');
  const html = await new start.Controller({ admin: panel }, presentStaff(staffOf(request))).index?.({}, reply);
  sendPage(reply, String(html), assets);
}

/** What of a person AdminJS sends to the browser. It writes it into a script as it is, so no tag may be in it. */
function presentStaff({ id, email, name, role }: StaffIdentity): CurrentAdmin {
  const harmless = (text: string): string => text.replaceAll('<', '‹').replaceAll('>', '›');
  return { id, email: harmless(email), name: harmless(name), title: role, role };
}

/**
 * AdminJS answers a refused call with 200 and a notice. Here it is refused before AdminJS sees it: unknown resources and
 * actions, what the role may not, and a POST to what only reads.
 */
function guardAction(
  panel: AdminJS,
  currentAdmin: CurrentAdmin,
  { resourceId = '', action: name = 'search' }: Record<string, string>,
  method: string,
): void {
  const resource = panel.resources.find((candidate) => candidate._decorated?.id() === resourceId);
  const actions = resource?.decorate().actions ?? {};
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (!action) throw nothingThere();
  if (!action.isAccessible(currentAdmin)) {
    throw new HttpError(403, 'forbidden', `As ${String(currentAdmin['role'])} you may not do that.`);
  }
  if (method === 'POST' && !action.custom()['writes']) {
    throw new HttpError(405, 'method_not_allowed', 'This can only be read.', {}, { allow: 'GET' });
  }
}

/** AdminJS sends the same frame for every address: what it names is looked for here. */
async function guardPage(panel: AdminJS, currentAdmin: CurrentAdmin, request: FastifyRequest): Promise<void> {
  const { resourceId, recordId, pageName, ...params } = request.params as Record<string, string>;
  if (pageName !== undefined && !Object.hasOwn(panel.options.pages ?? {}, pageName)) throw nothingThere();
  if (resourceId === undefined) return;
  guardAction(panel, currentAdmin, { action: 'list', ...params, resourceId }, 'GET');
  if (recordId !== undefined && !(await panel.findResource(resourceId).findOne(recordId))) throw nothingThere();
  const isOfMany = request.routeOptions.url?.includes('/bulk/') === true;
  if (isOfMany && !(request.query as Record<string, unknown>)['recordIds']) throw nothingThere();
}

function nothingThere(): HttpError {
  return new HttpError(404, 'not_found', 'The admin panel has nothing of that name.');
}

/** AdminJS' own refusals, such as of a record that does not exist or an action that does not fit its state. */
function statusOf(answer: unknown): number {
  const { notice, record } = (answer ?? {}) as {
    notice?: { type?: string };
    record?: { baseError?: { type?: string } | null };
  };
  if (notice?.type !== 'error') return 200;
  switch (record?.baseError?.type) {
    case 'ForbiddenError':
      return 403;
    case 'NotFoundError':
      return 404;
    default:
      return 422;
  }
}
