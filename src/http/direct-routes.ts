import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
  type FastifyServerOptions,
} from 'fastify';
import { toErrorResponse } from './error-response.js';
import { plainAddresses } from './forwarded-for.js';

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Routes that are answered by a Fastify of its own in front of the application's: past Nest and whatever its modules
 * bring along, which cost a referral link more than everything that it does itself. Both share one listener and one set of
 * options. What looks like a link and is none goes the usual way, as if it had not been looked at.
 */
export class DirectRoutes {
  private readonly server: FastifyInstance;
  private readonly linkPrefixes: string[] = [];
  private readonly postUrls = new Set<string>();
  private goOn: Listener = () => undefined;

  constructor(
    private readonly options: Pick<FastifyServerOptions, 'genReqId' | 'trustProxy' | 'routerOptions' | 'bodyLimit'>,
  ) {
    const passOn = (request: FastifyRequest, reply: FastifyReply): void => {
      reply.hijack();
      this.goOn(request.raw, reply.raw);
    };
    this.server = fastify({ ...options, frameworkErrors: (_error, request, reply) => passOn(request, reply) });
    this.server.setNotFoundHandler(passOn);
  }

  /** Makes the server that both share, for the application's Fastify. */
  readonly serverFactory: FastifyServerFactory = (application, options) => {
    this.goOn = application;
    // Not more than Fastify would set by itself; it leaves this to whoever makes the server.
    const { keepAliveTimeout, requestTimeout } = options as { keepAliveTimeout: number; requestTimeout: number };
    const believesProxies = this.options.trustProxy !== false;
    return createServer({ keepAliveTimeout, requestTimeout }, (request, response) => {
      if (believesProxies) tidyForwardedFor(request);
      if (this.mayAnswer(request)) this.server.routing(request, response);
      else application(request, response);
    });
  };

  /**
   * `answer` is to answer GET and HEAD of addresses of this pattern, which begin with the prefix; with a slash at their end, too,
   * which some programs put there.
   *
   * @param onError is told what `answer` threw; whoever asked gets the envelope of every error.
   */
  addLink(
    prefix: string,
    pattern: string,
    answer: (request: FastifyRequest, reply: FastifyReply) => Promise<void>,
    onError: (error: unknown, requestId: string) => void,
  ): void {
    this.linkPrefixes.push(prefix);
    void this.server.register(async (scope) => {
      scope.setErrorHandler((error, request, reply) => {
        onError(error, request.id);
        const { status, headers, body } = toErrorResponse(error, request.id);
        void reply.headers(headers).status(status).send(body);
      });
      for (const address of [pattern, `${pattern}/`]) scope.get(address, answer);
    });
  }

  /**
   * `answer` is to answer POST to this very address, and its result is sent. With anything behind it, a question mark, say,
   * the request goes the usual way.
   *
   * @param prepare gives the route the hooks, body parsers and error handler that are to be its own.
   */
  addPost(
    url: string,
    prepare: (scope: FastifyInstance) => void,
    answer: (request: FastifyRequest) => Promise<unknown>,
  ): void {
    this.postUrls.add(url);
    void this.server.register(async (scope) => {
      prepare(scope);
      scope.post(url, answer);
    });
  }

  /** To be waited for before the server listens, once all routes are added. */
  async ready(): Promise<void> {
    await this.server.ready();
  }

  /** What may have a body is taken only where it cannot be passed on any more: nobody could read the body again. */
  private mayAnswer({ method, url = '' }: IncomingMessage): boolean {
    if (method === 'POST') return this.postUrls.has(url);
    return (method === 'GET' || method === 'HEAD') && this.linkPrefixes.some((prefix) => url.startsWith(prefix));
  }
}

/** Before either of the two reads it: for both, an entry is the client's address, whatever it says. */
function tidyForwardedFor({ headers }: IncomingMessage): void {
  const forwardedFor = headers['x-forwarded-for'];
  if (typeof forwardedFor === 'string') headers['x-forwarded-for'] = plainAddresses(forwardedFor);
}
