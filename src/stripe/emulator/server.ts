import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const BODY_BYTES_MAX = 1024 * 1024;

/** A request as the rest of the emulator sees it. */
export interface Incoming {
  method: string;
  url: URL;
  headers: { [name: string]: string | undefined };
  body: string;
}

export interface Reply {
  status: number;
  headers: { [name: string]: string };
  body: string;
}

/** Instead of a reply: the connection is cut. */
export const HANG_UP = 'hang_up';

export type Outcome = Reply | typeof HANG_UP;

export function jsonReply(status: number, body: unknown, headers: Reply['headers'] = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

/** A redirect after which the browser GETs the other address. */
export function seeOther(location: string): Reply {
  return { status: 303, headers: { location, 'cache-control': 'no-store' }, body: '' };
}

/** The HTTP server: reads whole requests, writes whole replies, or hangs up when told to. */
export class HttpServer {
  private readonly server: Server;
  private readonly serving = new Set<Promise<void>>();

  private constructor(private readonly answer: (incoming: Incoming) => Promise<Outcome>) {
    this.server = createServer((request, response) => {
      const served = this.serve(request, response).finally(() => this.serving.delete(served));
      this.serving.add(served);
    });
  }

  /** Resolves once the server listens; rejects when the port is taken. */
  static async listen(
    host: string,
    port: number,
    answer: (incoming: Incoming) => Promise<Outcome>,
  ): Promise<HttpServer> {
    const server = new HttpServer(answer);
    await new Promise<void>((resolve, reject) => {
      server.server.once('error', reject);
      server.server.listen(port, host, resolve);
    });
    return server;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Cuts all connections and waits until what they had begun is done. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
    await Promise.all(this.serving);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (body === undefined) return;
    const outcome = body === null ? tooLarge() : await this.answerTo(request, body);
    if (outcome === HANG_UP) {
      request.socket.destroy();
      return;
    }
    response.writeHead(outcome.status, {
      ...outcome.headers,
      'content-length': Buffer.byteLength(outcome.body),
    });
    response.end(request.method === 'HEAD' ? undefined : outcome.body);
  }

  private async answerTo(request: IncomingMessage, body: string): Promise<Outcome> {
    const target = `http://emulator${request.url ?? '/'}`;
    if (!URL.canParse(target)) return badTarget();
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
    );
    return this.answer({ method: request.method ?? 'GET', url: new URL(target), headers, body });
  }
}

/** The whole body; null when it is too large; undefined when the client went away. */
async function readBody(request: IncomingMessage): Promise<string | null | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks).toString('utf8');
}

function tooLarge(): Reply {
  return jsonReply(413, {
    error: { type: 'invalid_request_error', message: 'The request body is too large.' },
  });
}

function badTarget(): Reply {
  return jsonReply(400, { error: { type: 'invalid_request_error', message: 'The address is no address.' } });
}
