import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { EventDto } from '../../src/events/event.dto.js';

export interface ReceivedWebhook {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  event: EventDto;
  /** What was answered; null when nothing was. */
  status: number | null;
}

type Answer = number | ((response: ServerResponse, event: EventDto) => number | null);

/** An endpoint of a host: a real server that keeps what it is sent. */
export interface WebhookReceiver {
  url: string;
  /** Everything that came, answered well or not. */
  received: ReceivedWebhook[];
  /** What it answered with 2xx. */
  taken(): EventDto[];
  /** With which status it answers from now on, 200 by default; or a function that may answer by itself, with null for silence. */
  answer(with_: Answer): void;
  close(): Promise<void>;
  /** On the same port as before. */
  reopen(): Promise<void>;
}

export async function startReceiver(): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = [];
  const sockets = new Set<Socket>();
  let answer: Answer = 200;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const event = JSON.parse(body) as EventDto;
      const status = typeof answer === 'number' ? answer : answer(response, event);
      received.push({ path: request.url ?? '', headers: request.headers, body, event, status });
      if (status !== null && !response.headersSent) response.writeHead(status).end(`answered ${status}`);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    received,
    taken: () => received.filter(({ status }) => status !== null && status < 300).map(({ event }) => event),
    answer: (with_) => {
      answer = with_;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
    reopen: () => listen(port),
  };
}

/** Verifies as the receiver would, at the moment that the app's clock shows. @throws when no signature fits. */
export function verifyAt(moment: Date, secret: string, { headers, body }: ReceivedWebhook): unknown {
  const realNow = Date.now;
  Date.now = () => moment.getTime();
  try {
    return new Webhook(secret).verify(body, headers as Record<string, string>);
  } finally {
    Date.now = realNow;
  }
}
