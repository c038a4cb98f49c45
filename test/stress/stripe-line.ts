import {
  createServer,
  request as sendRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Where a request for a transfer is:
 * - `arrived`: it has left the process; Stripe has not been asked.
 * - `carried_out`: Stripe has answered; the process does not know yet.
 * - `answered`: the answer has been handed to the process.
 */
export type Moment = 'arrived' | 'carried_out' | 'answered';

export interface SeenTransfer {
  idempotencyKey: string;
  moment: Moment;
  /** Whether Stripe's answer was a transfer. */
  isTransfer: boolean;
}

/**
 * Called at each moment of each request for a transfer, with the number of the request. What it returns counts when the
 * request has `arrived`: `lose` it, or let it be `late` and arrive when its sender has long stopped waiting.
 */
export type Watcher = (moment: Moment, number: number) => 'go_on' | 'lose' | 'late';

/** How long a late request stays in the network. */
const LATE_MS = 2_500;

/** The network between the product's processes and the Stripe emulator, where a test sees and stops single requests. */
export class StripeLine {
  /** Every request for a transfer, in order. */
  readonly transfers: SeenTransfer[] = [];
  watcher: Watcher = () => 'go_on';
  private readonly server: Server;

  private constructor(private readonly emulatorUrl: URL) {
    this.server = createServer((request, response) => void this.pass(request, response));
  }

  static async open(emulatorUrl: string): Promise<StripeLine> {
    const line = new StripeLine(new URL(emulatorUrl));
    await new Promise<void>((resolve) => line.server.listen(0, '127.0.0.1', resolve));
    return line;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isTransfer = request.method === 'POST' && request.url === '/v1/transfers';
    const seen: SeenTransfer = {
      idempotencyKey: String(request.headers['idempotency-key']),
      moment: 'arrived',
      isTransfer: false,
    };
    const number = isTransfer ? this.transfers.push(seen) : 0;
    const reach = (moment: Moment): ReturnType<Watcher> => {
      seen.moment = moment;
      return isTransfer ? this.watcher(moment, number) : 'go_on';
    };
    // A sender that is killed cuts its connections, while what it sent travels on.
    response.on('error', () => undefined);
    const body = await bodyOf(request);
    const fate = reach('arrived');
    if (body === null || fate === 'lose') return void response.destroy();
    if (fate === 'late') await pause(LATE_MS);
    const answer = await this.ask(request, body);
    seen.isTransfer = answer?.status === 200 && answer.body.includes('"object":"transfer"');
    reach('carried_out');
    if (!answer) return void response.destroy();
    response.writeHead(answer.status, answer.headers).end(answer.body, () => reach('answered'));
  }

  private ask({ method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer | null> {
    const { hostname, port } = this.emulatorUrl;
    return new Promise((resolve) => {
      const onward = sendRequest({ hostname, port, method, path: url, headers }, (answer) => {
        void bodyOf(answer).then((bytes) =>
          resolve(bytes && { status: answer.statusCode ?? 0, headers: answer.headers, body: bytes.toString() }),
        );
      });
      onward.on('error', () => resolve(null)).end(body);
    });
  }
}

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

/** Null when the sender hung up in the middle of it. */
async function bodyOf(message: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks);
  } catch {
    return null;
  }
}
