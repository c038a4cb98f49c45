import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { SessionCookie } from '../auth/session-cookie.js';
import { Config } from '../config/config.js';
import { toErrorResponse } from '../http/error-response.js';
import { StaffLogin } from '../staff/staff-login.service.js';
import { ExportLog } from './actions/export-log.js';
import { StaffActions } from './actions/staff-actions.js';
import { serveExports } from './http/export-route.js';
import { serveLogin } from './http/login-routes.js';
import { PanelAssets } from './http/panel-assets.js';
import { requireStaff, serveNothing, servePanel, showRefusal, wantsPage } from './http/panel-routes.js';
import { refuseForeignOrigin } from './http/same-origin.js';
import { StaffSessions } from './http/staff-sessions.service.js';
import { PanelPages } from './pages/panel-pages.js';
import { createPanel } from './panel/create-panel.js';
import { LOGIN_PATH } from './paths.js';
import { ResourceReader } from './resources/resource-reader.js';
import { ResourceSpecs } from './resources/resource-specs.js';

/**
 * The admin panel's part of the server. AdminJS draws the pages and answers their calls; who is logged in, where a
 * request may come from and what a role may do is decided here, before AdminJS sees it.
 */
@Injectable()
export class AdminPanel {
  constructor(
    private readonly config: Config,
    private readonly sessions: StaffSessions,
    private readonly staffLogin: StaffLogin,
    private readonly reader: ResourceReader,
    private readonly specs: ResourceSpecs,
    private readonly actions: StaffActions,
    private readonly pages: PanelPages,
    private readonly exportLog: ExportLog,
  ) {}

  async serve(scope: FastifyInstance): Promise<void> {
    const { config, sessions, staffLogin, reader } = this;
    const specs = this.specs.all;
    const cookie = new SessionCookie(config, 'fs_staff');
    const assets = new PanelAssets();
    const panel = createPanel({ assets, reader, specs, actions: this.actions, pages: this.pages });

    scope.addHook('onRequest', async (request) => refuseForeignOrigin(request, config.publicUrl, LOGIN_PATH));
    scope.setErrorHandler(async (error, request, reply) => {
      const { status, headers, body } = toErrorResponse(error, request.id);
      if (status >= 500) request.log.error({ err: error, requestId: request.id }, 'an admin request failed');
      reply.status(status).headers(headers);
      if (status < 500 && request.staff && wantsPage(request)) await showRefusal(panel, assets, request, reply);
      else void reply.send(body);
      return reply;
    });
    await assets.serve(scope);
    serveLogin(scope, { panel, assets, cookie, sessions, staffLogin });
    await scope.register(async (inside) => {
      requireStaff(inside, cookie, sessions);
      servePanel(inside, panel, assets);
      serveExports(inside, { specs, reader, log: this.exportLog });
    });
    await scope.register(async (rest) => serveNothing(rest, cookie, sessions));
  }
}
