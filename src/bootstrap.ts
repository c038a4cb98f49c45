import type { AddressInfo } from 'node:net';
import fastifyCookie from '@fastify/cookie';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger as PinoLogger } from 'pino';
import { AppModule, type AppOptions } from './app.module.js';
import { Clock, SystemClock } from './common/clock.js';
import type { Config } from './config/config.js';
import { serveDashboard } from './dashboard/serve-dashboard.js';
import { Database } from './database/database.js';
import { STATEMENT_TIMEOUT_MS } from './database/time-limit.js';
import { BODY_LIMIT_BYTES, registerBodyParsers } from './http/body-parsers.js';
import { serveDocs } from './http/docs.js';
import { DirectRoutes } from './http/direct-routes.js';
import { toErrorResponse } from './http/error-response.js';
import { ErrorFilter } from './http/error.filter.js';
import { createHooks } from './http/hooks.js';
import { createLogger, NestLogger, standardOutputInBlocks, type LogLevel } from './http/logging.js';
import { Metrics } from './http/metrics.js';
import { RateLimiter } from './http/rate-limiter.js';
import { createRequestIds } from './http/request-id.js';
import { RequestLimit } from './http/request-limit.js';
import { ServerDrain } from './http/server-drain.js';
import { answerUnreadable } from './http/unreadable-requests.js';
import { createValidationPipe } from './http/validation.pipe.js';
import { RedirectController } from './referrals/clicks/redirect.controller.js';
import { FirstStaffUser } from './staff/first-staff-user.js';
import { serverModules, type ServerOptions } from './server-modules.js';
import type { LocalStripe } from './stripe/local-stripe.js';
import { WebhookController } from './stripe/webhooks/webhook.controller.js';
import { WebhookPathError } from './stripe/webhooks/webhook-self-test.js';
import { openSurroundings, StartError } from './surroundings.js';

/** Longer than any id or user id of the contract, also percent-encoded. */
const PATH_PART_LENGTH_MAX = 1024;

/**
 * How many connections the system keeps for us until we take them, as far as it lets (`somaxconn`). Whoever finds no room
 * there hears nothing and tries again after one, three and seven seconds; with Node's own 511, so did who asks whether we live.
 */
const BACKLOG = 4_096;

/** A request that takes longer to arrive is given up, or slow senders would take all room (see RequestLimit). */
const ARRIVAL_LIMIT_MS = 30_000;

export interface RunningService {
  app: NestFastifyApplication;
  /** Where it listens. */
  url: string;
  databaseUrl: string;
  stripe: LocalStripe;
  /** Finishes the requests under way, then the modules' work, then lets go of the database. */
  close(): Promise<void>;
}

/**
 * Nest says who answers errors once all routes are there. A plugin that is waited for has finished those before it by then, and
 * what is refused ahead of their handlers would have Fastify's own envelope. So it is said first of all, and stays.
 */
class Adapter extends FastifyAdapter {
  override setErrorHandler(): FastifyInstance {
    return this.getInstance();
  }
}

/** The whole application, with everything global in place, not listening yet. */
export async function createApp(
  options: Omit<AppOptions, 'parts'> &
    ServerOptions & {
      logger: PinoLogger;
      /** Where the dashboard's built page lies, when not beside the compiled code. */
      dashboardFolder?: string;
    },
): Promise<NestFastifyApplication> {
  const { config, logger, dashboardFolder } = options;
  const shared = {
    genReqId: createRequestIds(),
    trustProxy: trustedProxies(config.trustProxy),
    routerOptions: { maxParamLength: PATH_PART_LENGTH_MAX },
    bodyLimit: BODY_LIMIT_BYTES,
  };
  const direct = new DirectRoutes(shared);
  const adapter = new Adapter({
    ...shared,
    serverFactory: direct.serverFactory,
    loggerInstance: logger,
    // A child logger for each request would cost more than some requests do; lines name the request id themselves.
    childLoggerFactory: () => logger,
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: false,
    requestTimeout: ARRIVAL_LIMIT_MS,
    clientErrorHandler: (error, socket) => answerUnreadable(error, socket, shared.genReqId({ headers: {} })),
    // What the router refuses by itself reaches no hook and no filter: a broken percent-encoding, a part that is too long.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      const { status, headers, body } = toErrorResponse(error, request.id);
      void reply
        .headers({ ...headers, 'x-request-id': request.id })
        .status(status)
        .send(body);
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with({ statementTimeoutMs: STATEMENT_TIMEOUT_MS, ...options, parts: serverModules(options) }),
    adapter,
    {
      logger: new NestLogger(logger),
      bodyParser: false,
      abortOnError: false,
    },
  );
  app.get(ServerDrain).watch(app.getHttpServer());
  const fastify: FastifyInstance = adapter.getInstance<FastifyInstance>();
  const metrics = app.get(Metrics);
  const limit = new RequestLimit(metrics.registry, app.get(Clock));
  const errors = new ErrorFilter();
  const addHooks = createHooks({ config, logger, metrics, limit, rateLimiter: app.get(RateLimiter) });
  const prepare = (server: FastifyInstance): void => {
    registerBodyParsers(server);
    addHooks(server);
    server.setErrorHandler((error, request, reply) => errors.answer(error, request, reply));
  };
  prepare(fastify);
  await app.register(fastifyCookie);
  app.useGlobalFilters(errors);
  app.useGlobalPipes(createValidationPipe());
  await serveDirectly(app, { direct, logger, prepare, takesWebhooks: options.background ?? true });
  serveDocs(app, fastify);
  await serveDashboard(fastify, { config, folder: dashboardFolder });
  return app;
}

/** What comes most often, or all at once, by controllers that Nest makes and past everything else of it. */
async function serveDirectly(
  app: NestFastifyApplication,
  {
    direct,
    logger,
    prepare,
    takesWebhooks,
  }: {
    direct: DirectRoutes;
    logger: PinoLogger;
    /** Adds hooks and body parsers, and says who answers errors. */
    prepare: (server: FastifyInstance) => void;
    /** They come to whoever works on them. */
    takesWebhooks: boolean;
  },
): Promise<void> {
  const redirects = app.get(RedirectController, { strict: false });
  direct.addLink(
    '/r/',
    '/r/:code',
    (request, reply) => redirects.redirect(request, reply),
    (error, requestId) => logger.error({ err: error, requestId }, 'a visitor was not sent on'),
  );
  if (takesWebhooks) {
    const webhooks = app.get(WebhookController, { strict: false });
    direct.addPost('/stripe/webhooks', prepare, (request) => webhooks.receive(request));
  }
  await direct.ready();
}

/**
 * Fastify takes a number of hops as "trust nobody", since it cannot tell whether the caller is a proxy at all. Who sets
 * one says that nothing but these proxies can reach this service.
 */
function trustedProxies(
  trustProxy: Config['trustProxy'],
): string | false | ((address: string, hop: number) => boolean) {
  return typeof trustProxy === 'number' ? (_address, hop) => hop < trustProxy : trustProxy;
}

/**
 * Starts everything the configuration asks for: the database, its migrations, the application, the listener.
 * @throws StartError with a sentence for the operator.
 */
export async function startService(options: {
  config: Config;
  clock?: Clock;
  log?: LogLevel;
  /** Where the embedded PostgreSQL and the Stripe emulator keep their data. */
  dataDir?: string;
}): Promise<RunningService> {
  const { config, clock = new SystemClock() } = options;
  const logger = createLogger(options.log ?? 'info', standardOutputInBlocks());
  const surroundings = await openSurroundings({ config, clock, logger, dataDir: options.dataDir });
  const { databaseUrl, stripe } = surroundings;
  try {
    const adminPanel = config.adminEnabled ? (await import('./admin/admin.module.js')).AdminModule : undefined;
    const app = await createApp({ config, clock, logger, databaseUrl, stripe: stripe.connection, adminPanel });
    const close = async (): Promise<void> => {
      await app.get(ServerDrain).drain();
      await app.close();
      await surroundings.close();
    };
    try {
      await recordInstallation(app);
      await app.get(FirstStaffUser).ensure();
      await app.listen({ port: config.port, host: config.host, backlog: BACKLOG });
    } catch (error) {
      await app.close();
      throw startProblem(error, config);
    }
    const url = urlOf(app, config);
    stripe.deliverTo(url);
    return { app, url, databaseUrl, stripe, close };
  } catch (error) {
    await surroundings.close();
    throw error;
  }
}

/** No payout run is caught up for a period before the first start, so that moment is written down once. */
async function recordInstallation(app: NestFastifyApplication): Promise<void> {
  await app.get(Database).prisma.installation.createMany({
    data: [{ id: 1, installedAt: app.get(Clock).now() }],
    skipDuplicates: true,
  });
}

function startProblem(error: unknown, { host, port }: Config): unknown {
  if (error instanceof WebhookPathError) return new StartError(error.message);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    return new StartError(`Port ${port} on ${host} is in use: stop what listens there, or set PORT.`);
  if (code === 'EACCES') return new StartError(`This user may not listen on port ${port}: set PORT to one above 1023.`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new StartError(`HOST ${host} is no address of this machine.`);
  return error;
}

function urlOf(app: NestFastifyApplication, config: Config): string {
  const { port } = app.getHttpServer().address() as AddressInfo;
  const host = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
