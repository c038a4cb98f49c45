import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
  type FastifyServerOptions,
} from 'fastify';
import { toErrorResponse } from './error-response.js';

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * A GET route (and its HEAD) that is answered by a Fastify of its own in front of the application's: past Nest, its
 * hooks and ours, which cost a referral link more than everything that it does itself. Both share one listener and one
 * set of options. What looks like the route and is none goes the usual way, as if it had not been looked at.
 */
export class DirectRoute {
  private readonly server: FastifyInstance;
  private goOn: Listener = () => undefined;

  /** @param prefix what addresses of the route begin with. */
  constructor(
    private readonly prefix: string,
    options: Pick<FastifyServerOptions, 'genReqId' | 'trustProxy' | 'routerOptions'>,
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
    return createServer({ keepAliveTimeout, requestTimeout }, (request, response) => {
      if (this.mayAnswer(request)) this.server.routing(request, response);
      else application(request, response);
    });
  };

  /**
   * From now on `answer` answers addresses of this pattern, which begin with the prefix.
   *
   * @param onError is told what `answer` threw; whoever asked gets the envelope of every error.
   */
  async serve(
    pattern: string,
    answer: (request: FastifyRequest, reply: FastifyReply) => Promise<void>,
    onError: (error: unknown, requestId: string) => void,
  ): Promise<void> {
    this.server.setErrorHandler((error, request, reply) => {
      onError(error, request.id);
      const { status, headers, body } = toErrorResponse(error, request.id);
      void reply.headers(headers).status(status).send(body);
    });
    this.server.get(pattern, answer);
    await this.server.ready();
  }

  /** Methods that may have a body are never looked at: nobody could read it again. */
  private mayAnswer({ method, url }: IncomingMessage): boolean {
    return (method === 'GET' || method === 'HEAD') && url !== undefined && url.startsWith(this.prefix);
  }
}
