import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { lookupPublic, refusePrivateLiteral } from './public-address.js';

/** In all: look-up, connection, request, and what is read of the answer. */
export const REQUEST_TIMEOUT_MS = 15_000;
/** What is read of an answer; the rest is not even received. */
const BODY_BYTES_MAX = 1_024;
const EXCERPT_LENGTH_MAX = 500;

/** What came of a request: an answer, or why there was none. */
export interface WebhookAnswer {
  durationMs: number;
  status: number | null;
  /** How the answer's body began. */
  body: string | null;
  error: string | null;
}

/** Sends one request to an endpoint of the host, and to nobody else. */
@Injectable()
export class WebhookRequest {
  constructor(private readonly config: Config) {}

  /**
   * Never rejects. Connects to public addresses only, unless the operator allows others, and follows no redirect. Do not
   * call it inside a transaction.
   */
  async post(url: string, headers: Record<string, string>, body: string): Promise<WebhookAnswer> {
    const startedMs = performance.now();
    const durationMs = (): number => Math.round(performance.now() - startedMs);
    try {
      const response = await this.send(new URL(url), headers, body);
      const excerpt = await readExcerpt(response);
      return { durationMs: durationMs(), status: response.statusCode ?? null, body: excerpt, error: null };
    } catch (error) {
      return { durationMs: durationMs(), status: null, body: null, error: describe(error) };
    }
  }

  private send(url: URL, headers: Record<string, string>, body: string): Promise<IncomingMessage> {
    const allowsPrivate = this.config.webhookAllowPrivateAddresses;
    if (!allowsPrivate) refusePrivateLiteral(url);
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = open(
        url,
        {
          method: 'POST',
          headers: { ...headers, 'content-length': Buffer.byteLength(body).toString() },
          // A connection of its own: one that is kept open would not be looked up and checked again.
          agent: false,
          ...(!allowsPrivate && { lookup: lookupPublic }),
        },
        resolve,
      );
      const timer = setTimeout(() => request.destroy(new NoAnswerError()), REQUEST_TIMEOUT_MS);
      request
        .on('error', reject)
        .on('close', () => clearTimeout(timer))
        .end(body);
    });
  }
}

class NoAnswerError extends Error {
  constructor() {
    super(`no answer within ${REQUEST_TIMEOUT_MS / 1000} seconds`);
  }
}

/** Reads the beginning. What goes wrong by then does not matter any more: the status has come. */
async function readExcerpt(response: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= BODY_BYTES_MAX) break;
    }
  } catch {
    chunks.push(Buffer.from(' …'));
  } finally {
    response.destroy();
  }
  const text = Buffer.concat(chunks).subarray(0, BODY_BYTES_MAX).toString();
  // PostgreSQL stores no zero byte, and nobody wants to see the others.
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '').slice(0, EXCERPT_LENGTH_MAX) || null;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Several addresses were tried in vain: the message of the whole says nothing.
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [error];
  return (first ?? error).message.slice(0, EXCERPT_LENGTH_MAX);
}
